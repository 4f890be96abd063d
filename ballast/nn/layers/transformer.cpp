#include "ballast/nn/layers/transformer.h"

#include <limits>
#include <string>

#include "ballast/core/warning.h"
#include "ballast/nn/init.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"

namespace ballast::nn {
namespace {

ModuleList copies_of(const Module& layer, std::int64_t n) {
  ModuleList out;
  for (std::int64_t i = 0; i < n; ++i) out->push_back(layer.clone());
  return out;
}

Module& layer_at(const ModuleList& layers, std::size_t i) { return *layers[static_cast<std::int64_t>(i)]; }

/// The encoder's part through a layer or a stack of them, with hooks.
Tensor encode(Module& part, const Tensor& src, const Tensor& mask, const Tensor& key_padding_mask) {
  const auto through = [&]<class Holder>(Holder holder) { return holder(src, mask, key_padding_mask); };
  if (dynamic_cast<TransformerEncoderLayerImpl*>(&part) != nullptr)
    return through(TransformerEncoderLayer(
        std::static_pointer_cast<TransformerEncoderLayerImpl>(part.shared_from_this())));
  if (dynamic_cast<TransformerEncoderImpl*>(&part) != nullptr)
    return through(
        TransformerEncoder(std::static_pointer_cast<TransformerEncoderImpl>(part.shared_from_this())));
  check<NotImplementedError>(
      !mask.defined() && !key_padding_mask.defined(),
      "{} takes the place of an encoder, but its forward does not take (src, mask, key_padding_mask)",
      part.name());
  return part(src);
}

/// The same for the decoder's.
Tensor decode(Module& part, const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask,
              const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
              const Tensor& memory_key_padding_mask) {
  const auto through = [&]<class Holder>(Holder holder) {
    return holder(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
  };
  if (dynamic_cast<TransformerDecoderLayerImpl*>(&part) != nullptr)
    return through(TransformerDecoderLayer(
        std::static_pointer_cast<TransformerDecoderLayerImpl>(part.shared_from_this())));
  check<NotImplementedError>(
      dynamic_cast<TransformerDecoderImpl*>(&part) != nullptr,
      "{} cannot take the place of a decoder: its forward does not take (tgt, memory, tgt_mask, memory_mask, "
      "tgt_key_padding_mask, memory_key_padding_mask)",
      part.name());
  return through(
      TransformerDecoder(std::static_pointer_cast<TransformerDecoderImpl>(part.shared_from_this())));
}

/// Why PyTorch would not use its fast path over nested tensors with this layer; empty if it would.
std::string why_not_nested(const TransformerEncoderLayerImpl& layer) {
  const MultiheadAttentionImpl& attention = *layer.self_attn;
  if (layer.options.norm_first()) return "encoder_layer.norm_first was True";
  if (!attention.options.batch_first()) {
    return "encoder_layer.self_attn.batch_first was not True(use batch_first for better inference "
           "performance)";
  }
  if (!attention._qkv_same_embed_dim()) return "encoder_layer.self_attn._qkv_same_embed_dim was not True";
  if (!attention.in_proj_bias.defined()) return "encoder_layer.self_attn was passed bias=False";
  if (!layer.options.activation().relu_or_gelu()) return "encoder_layer.activation_relu_or_gelu was not True";
  if (layer.norm1->options.eps() != layer.norm2->options.eps()) {
    return "encoder_layer.norm1.eps was not equal to encoder_layer.norm2.eps";
  }
  if (attention.options.num_heads() % 2 == 1) return "encoder_layer.self_attn.num_heads is odd";
  return {};
}

TransformerLayerOptions layer_options(const TransformerOptions& o) {
  return TransformerLayerOptions(o.d_model(), o.nhead())
      .dim_feedforward(o.dim_feedforward())
      .dropout(o.dropout())
      .activation(o.activation())
      .layer_norm_eps(o.layer_norm_eps())
      .batch_first(o.batch_first())
      .norm_first(o.norm_first())
      .bias(o.bias());
}

LayerNorm final_norm(const TransformerOptions& o) {
  return LayerNorm(LayerNormOptions(o.d_model()).eps(o.layer_norm_eps()).bias(o.bias()));
}

}  // namespace

TransformerEncoderImpl::TransformerEncoderImpl(const TransformerEncoderOptions& options_)
    : options(options_) {
  TransformerEncoderImpl::reset();
  // The pattern is not kept beside its copies: the first of them serves for another reset().
  if (options.num_layers() > 0)
    options.encoder_layer(std::static_pointer_cast<TransformerEncoderLayerImpl>(layers[0]));
}

void TransformerEncoderImpl::reset() {
  bind_module("layers", layers, copies_of(*options.encoder_layer(), options.num_layers()));
  if (options.norm() != nullptr) bind_module("norm", norm, options.norm().module_ptr());
  const std::string obstacle = why_not_nested(*options.encoder_layer());
  if (options.enable_nested_tensor() && !obstacle.empty()) {
    warn("enable_nested_tensor is True, but self.use_nested_tensor is False because " + obstacle);
  }
}

TransformerDecoderImpl::TransformerDecoderImpl(const TransformerDecoderOptions& options_)
    : options(options_) {
  TransformerDecoderImpl::reset();
  // The pattern is not kept beside its copies: the first of them serves for another reset().
  if (options.num_layers() > 0)
    options.decoder_layer(std::static_pointer_cast<TransformerDecoderLayerImpl>(layers[0]));
}

void TransformerDecoderImpl::reset() {
  bind_module("layers", layers, copies_of(*options.decoder_layer(), options.num_layers()));
  if (options.norm() != nullptr) bind_module("norm", norm, options.norm().module_ptr());
}

TransformerImpl::TransformerImpl(const TransformerOptions& options_) : options(options_) {
  TransformerImpl::reset();
}

void TransformerImpl::reset() {
  const TransformerOptions& o = options;
  if (o.custom_encoder() != nullptr) {
    bind_module("encoder", encoder, o.custom_encoder().module_ptr());
  } else {
    const TransformerEncoderLayer layer(layer_options(o));
    const TransformerEncoder made(
        TransformerEncoderOptions(layer, o.num_encoder_layers()).norm(final_norm(o)));
    bind_module("encoder", encoder, made.module_ptr());
  }
  if (o.custom_decoder() != nullptr) {
    bind_module("decoder", decoder, o.custom_decoder().module_ptr());
  } else {
    const TransformerDecoderLayer layer(layer_options(o));
    const TransformerDecoder made(
        TransformerDecoderOptions(layer, o.num_decoder_layers()).norm(final_norm(o)));
    bind_module("decoder", decoder, made.module_ptr());
  }
  reset_parameters();
}

void TransformerImpl::reset_parameters() {
  for (const Tensor& p : parameters()) {
    if (p.dim() > 1) init::xavier_uniform_(p);
  }
}

Tensor TransformerEncoderImpl::forward(const Tensor& src, const Tensor& src_mask,
                                       const Tensor& src_key_padding_mask) {
  check(!layers->is_empty(), "TransformerEncoder should not be empty: it has no layers");
  Tensor x = src;
  for (std::size_t i = 0; i < layers->size(); ++i)
    x = encode(layer_at(layers, i), x, src_mask, src_key_padding_mask);
  return norm.is_empty() ? x : (*norm)(x);
}

Tensor TransformerDecoderImpl::forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask,
                                       const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
                                       const Tensor& memory_key_padding_mask) {
  check(!layers->is_empty(), "TransformerDecoder should not be empty: it has no layers");
  Tensor x = tgt;
  for (std::size_t i = 0; i < layers->size(); ++i) {
    x = decode(layer_at(layers, i), x, memory, tgt_mask, memory_mask, tgt_key_padding_mask,
               memory_key_padding_mask);
  }
  return norm.is_empty() ? x : (*norm)(x);
}

Tensor TransformerImpl::forward(const Tensor& src, const Tensor& tgt, const Tensor& src_mask,
                                const Tensor& tgt_mask, const Tensor& memory_mask,
                                const Tensor& src_key_padding_mask, const Tensor& tgt_key_padding_mask,
                                const Tensor& memory_key_padding_mask) {
  check<ShapeError>((src.dim() == 3 && tgt.dim() == 3) || (src.dim() == 2 && tgt.dim() == 2),
                    "src and tgt should have 3 dimensions, or 2 without a batch, but have {} and {}",
                    src.dim(), tgt.dim());
  if (src.dim() == 3) {
    const std::int64_t batch = options.batch_first() ? 0 : 1;
    check<ShapeError>(src.size(batch) == tgt.size(batch),
                      "src and tgt should have equal batch size, but have {} and {}", src.size(batch),
                      tgt.size(batch));
  }
  check<ShapeError>(src.size(-1) == options.d_model() && tgt.size(-1) == options.d_model(),
                    "src and tgt should have same feature size as d_model ({}), but have {} and {}",
                    options.d_model(), src.size(-1), tgt.size(-1));
  const CustomEncoder& own_encoder = options.custom_encoder();
  const CustomDecoder& own_decoder = options.custom_decoder();
  const Tensor memory = own_encoder.can_call(*encoder)
                            ? own_encoder.call(*encoder, {src, src_mask, src_key_padding_mask})
                            : encode(*encoder, src, src_mask, src_key_padding_mask);
  if (own_decoder.can_call(*decoder)) {
    return own_decoder.call(
        *decoder, {tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask});
  }
  return decode(*decoder, tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
}

Tensor TransformerImpl::generate_square_subsequent_mask(std::int64_t size, const TensorOptions& given) {
  const Tensor place = arange(size);
  return zeros({size, size}, given)
      .masked_fill(place.unsqueeze(0).gt(place.unsqueeze(1)), -std::numeric_limits<double>::infinity());
}

}  // namespace ballast::nn
