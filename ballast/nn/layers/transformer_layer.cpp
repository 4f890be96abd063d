#include "ballast/nn/layers/transformer_layer.h"

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

}  // namespace ballast::nn
