#include "ballast/nn/layers/transformer_layer.h"

#include "ballast/ops/activation.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/unary.h"

namespace ballast::nn {
namespace {

MultiheadAttention attention_of(const TransformerLayerOptions& o) {
  return MultiheadAttention(MultiheadAttentionOptions(o.d_model(), o.nhead())
                                .dropout(o.dropout())
                                .bias(o.bias())
                                .batch_first(o.batch_first()));
}

LayerNorm norm_of(const TransformerLayerOptions& o) {
  return LayerNorm(LayerNormOptions(o.d_model()).eps(o.layer_norm_eps()).bias(o.bias()));
}

}  // namespace

Tensor TransformerActivation::operator()(const Tensor& x) const {
  if (const auto* const function = std::get_if<Function>(&value_)) return (*function)(x);
  return std::holds_alternative<enumtype::kReLU>(value_) ? x.relu() : gelu(x);
}

std::variant<enumtype::kReLU, enumtype::kGELU, TransformerActivation::Function>
TransformerActivation::from_name(const std::string& name) {
  if (name == kReLU.python) return kReLU;
  check<ValueError>(name == kGELU.python, "activation should be relu/gelu, not {}", name);
  return kGELU;
}

TransformerEncoderLayerImpl::TransformerEncoderLayerImpl(const TransformerEncoderLayerOptions& options_)
    : options(options_) {
  TransformerEncoderLayerImpl::reset();
}

void TransformerEncoderLayerImpl::reset() {
  const TransformerLayerOptions& o = options;
  bind_module("self_attn", self_attn, attention_of(o));
  bind_module("linear1", linear1, Linear(LinearOptions(o.d_model(), o.dim_feedforward()).bias(o.bias())));
  bind_module("dropout", dropout, Dropout(o.dropout()));
  bind_module("linear2", linear2, Linear(LinearOptions(o.dim_feedforward(), o.d_model()).bias(o.bias())));
  bind_module("norm1", norm1, norm_of(o));
  bind_module("norm2", norm2, norm_of(o));
  bind_module("dropout1", dropout1, Dropout(o.dropout()));
  bind_module("dropout2", dropout2, Dropout(o.dropout()));
}

Tensor TransformerEncoderLayerImpl::attend(const Tensor& x, const Tensor& mask,
                                           const Tensor& key_padding_mask) {
  return dropout1(std::get<0>(self_attn(x, x, x, key_padding_mask, false, mask)));
}

Tensor TransformerEncoderLayerImpl::feed_forward(const Tensor& x) {
  return dropout2(linear2(dropout(options.activation()(linear1(x)))));
}

Tensor TransformerEncoderLayerImpl::forward(const Tensor& src, const Tensor& src_mask,
                                            const Tensor& src_key_padding_mask) {
  if (options.norm_first()) {
    const Tensor x = src.add(attend(norm1(src), src_mask, src_key_padding_mask));
    return x.add(feed_forward(norm2(x)));
  }
  const Tensor x = norm1(src.add(attend(src, src_mask, src_key_padding_mask)));
  return norm2(x.add(feed_forward(x)));
}

TransformerDecoderLayerImpl::TransformerDecoderLayerImpl(const TransformerDecoderLayerOptions& options_)
    : options(options_) {
  TransformerDecoderLayerImpl::reset();
}

void TransformerDecoderLayerImpl::reset() {
  const TransformerLayerOptions& o = options;
  bind_module("self_attn", self_attn, attention_of(o));
  bind_module("multihead_attn", multihead_attn, attention_of(o));
  bind_module("linear1", linear1, Linear(LinearOptions(o.d_model(), o.dim_feedforward()).bias(o.bias())));
  bind_module("dropout", dropout, Dropout(o.dropout()));
  bind_module("linear2", linear2, Linear(LinearOptions(o.dim_feedforward(), o.d_model()).bias(o.bias())));
  bind_module("norm1", norm1, norm_of(o));
  bind_module("norm2", norm2, norm_of(o));
  bind_module("norm3", norm3, norm_of(o));
  bind_module("dropout1", dropout1, Dropout(o.dropout()));
  bind_module("dropout2", dropout2, Dropout(o.dropout()));
  bind_module("dropout3", dropout3, Dropout(o.dropout()));
}

Tensor TransformerDecoderLayerImpl::attend(const Tensor& x, const Tensor& mask,
                                           const Tensor& key_padding_mask) {
  return dropout1(std::get<0>(self_attn(x, x, x, key_padding_mask, false, mask)));
}

Tensor TransformerDecoderLayerImpl::attend_memory(const Tensor& x, const Tensor& memory, const Tensor& mask,
                                                  const Tensor& key_padding_mask) {
  return dropout2(std::get<0>(multihead_attn(x, memory, memory, key_padding_mask, false, mask)));
}

Tensor TransformerDecoderLayerImpl::feed_forward(const Tensor& x) {
  return dropout3(linear2(dropout(options.activation()(linear1(x)))));
}

Tensor TransformerDecoderLayerImpl::forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask,
                                            const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
                                            const Tensor& memory_key_padding_mask) {
  if (options.norm_first()) {
    Tensor x = tgt.add(attend(norm1(tgt), tgt_mask, tgt_key_padding_mask));
    x = x.add(attend_memory(norm2(x), memory, memory_mask, memory_key_padding_mask));
    return x.add(feed_forward(norm3(x)));
  }
  Tensor x = norm1(tgt.add(attend(tgt, tgt_mask, tgt_key_padding_mask)));
  x = norm2(x.add(attend_memory(x, memory, memory_mask, memory_key_padding_mask)));
  return norm3(x.add(feed_forward(x)));
}

}  // namespace ballast::nn
