#include "ballast/nn/layers/transformer.h"

#include <string>

#include "ballast/core/warning.h"
#include "ballast/nn/init.h"

namespace ballast::nn {
namespace {

ModuleList copies_of(const Module& layer, std::int64_t n) {
  ModuleList out;
  for (std::int64_t i = 0; i < n; ++i) out->push_back(layer.clone());
  return out;
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

}  // namespace ballast::nn
