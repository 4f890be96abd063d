#include "ballast/nn/layers/attention.h"

#include "ballast/nn/functional/attention.h"
#include "ballast/nn/init.h"

namespace ballast::nn {

MultiheadAttentionImpl::MultiheadAttentionImpl(const MultiheadAttentionOptions& options_)
    : options(options_) {
  MultiheadAttentionImpl::reset();
}

bool MultiheadAttentionImpl::_qkv_same_embed_dim() const {
  const std::int64_t embed = options.embed_dim();
  return options.kdim().value_or(embed) == embed && options.vdim().value_or(embed) == embed;
}

void MultiheadAttentionImpl::reset() {
  const std::int64_t embed = options.embed_dim();
  check<ValueError>(
      embed > 0 && options.num_heads() > 0,
      "embed_dim and num_heads must be greater than 0, got embed_dim={} and num_heads={} instead", embed,
      options.num_heads());
  check<ValueError>(embed % options.num_heads() == 0, "embed_dim must be divisible by num_heads");

  if (_qkv_same_embed_dim()) {
    bind_parameter("in_proj_weight", in_proj_weight, empty({3 * embed, embed}));
    bind_parameter("q_proj_weight", q_proj_weight, Tensor());
    bind_parameter("k_proj_weight", k_proj_weight, Tensor());
    bind_parameter("v_proj_weight", v_proj_weight, Tensor());
  } else {
    bind_parameter("q_proj_weight", q_proj_weight, empty({embed, embed}));
    bind_parameter("k_proj_weight", k_proj_weight, empty({embed, options.kdim().value_or(embed)}));
    bind_parameter("v_proj_weight", v_proj_weight, empty({embed, options.vdim().value_or(embed)}));
    bind_parameter("in_proj_weight", in_proj_weight, Tensor());
  }
  bind_parameter("in_proj_bias", in_proj_bias, options.bias() ? empty(3 * embed) : Tensor());
  bind_module("out_proj", out_proj,
              NonDynamicallyQuantizableLinear(LinearOptions(embed, embed).bias(options.bias())));
  if (options.add_bias_kv()) {
    bind_parameter("bias_k", bias_k, empty({1, 1, embed}));
    bind_parameter("bias_v", bias_v, empty({1, 1, embed}));
  }
  _reset_parameters();
}

void MultiheadAttentionImpl::_reset_parameters() {
  if (in_proj_weight.defined()) {
    init::xavier_uniform_(in_proj_weight);
  } else {
    init::xavier_uniform_(q_proj_weight);
    init::xavier_uniform_(k_proj_weight);
    init::xavier_uniform_(v_proj_weight);
  }
  if (in_proj_bias.defined()) {
    init::zeros_(in_proj_bias);
    init::zeros_(out_proj->bias);
  }
  if (bias_k.defined()) init::xavier_normal_(bias_k);
  if (bias_v.defined()) init::xavier_normal_(bias_v);
}

std::tuple<Tensor, Tensor> MultiheadAttentionImpl::forward(const Tensor& query, const Tensor& key,
                                                           const Tensor& value,
                                                           const Tensor& key_padding_mask, bool need_weights,
                                                           const Tensor& attn_mask,
                                                           bool average_attn_weights) {
  return functional::multi_head_attention_forward(
      query, key, value,
      functional::MultiheadAttentionForwardFuncOptions(
          options.embed_dim(), options.num_heads(), in_proj_weight, in_proj_bias, bias_k, bias_v,
          options.add_zero_attn(), options.dropout(), out_proj->weight, out_proj->bias)
          .training(is_training())
          .key_padding_mask(key_padding_mask)
          .need_weights(need_weights)
          .attn_mask(attn_mask)
          .use_separate_proj_weight(!in_proj_weight.defined())
          .q_proj_weight(q_proj_weight)
          .k_proj_weight(k_proj_weight)
          .v_proj_weight(v_proj_weight)
          .average_attn_weights(average_attn_weights)
          .batch_first(options.batch_first()));
}

}  // namespace ballast::nn
