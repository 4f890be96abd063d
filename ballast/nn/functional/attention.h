// Attention as functions.
//
//   Tensor y = F::scaled_dot_product_attention(q, k, v, mask);
//   Tensor z = F::scaled_dot_product_attention(q, k, v, {}, 0.1, /*is_causal=*/true);
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "ballast/core/tensor.h"
#include "ballast/nn/options.h"

namespace ballast::nn::functional {

/// softmax(scale q k^T) v over the last two dimensions: q of [..., L, E], k of [..., S, E], v of [..., S, D],
/// batches broadcast. `attn_mask` broadcasts to [..., L, S]: bool, true where a query may see a key, or
/// numbers to be added to the scores. `is_causal` instead of a mask lets query i see keys 0 to i. `scale` is
/// 1 / sqrt(E) unless given. With `enable_gqa` groups of heads (dimension -3) share keys and values. A query
/// that sees no key gives zeros. Dropout is applied to the weights whenever `dropout_p` > 0: leave it 0 in
/// evaluation.
[[nodiscard]] Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                                  const Tensor& attn_mask = {}, double dropout_p = 0.0,
                                                  bool is_causal = false,
                                                  std::optional<double> scale = std::nullopt,
                                                  bool enable_gqa = false);

struct MultiheadAttentionForwardFuncOptions {
  MultiheadAttentionForwardFuncOptions(std::int64_t embed_dim_to_check, std::int64_t num_heads,
                                       Tensor in_proj_weight, Tensor in_proj_bias, Tensor bias_k,
                                       Tensor bias_v, bool add_zero_attn, double dropout_p,
                                       Tensor out_proj_weight, Tensor out_proj_bias)
      : embed_dim_to_check_(embed_dim_to_check),
        num_heads_(num_heads),
        in_proj_weight_(std::move(in_proj_weight)),
        in_proj_bias_(std::move(in_proj_bias)),
        bias_k_(std::move(bias_k)),
        bias_v_(std::move(bias_v)),
        add_zero_attn_(add_zero_attn),
        dropout_p_(dropout_p),
        out_proj_weight_(std::move(out_proj_weight)),
        out_proj_bias_(std::move(out_proj_bias)) {}
  BALLAST_ARG(std::int64_t, embed_dim_to_check);
  BALLAST_ARG(std::int64_t, num_heads);
  BALLAST_ARG(Tensor, in_proj_weight);
  BALLAST_ARG(Tensor, in_proj_bias);
  BALLAST_ARG(Tensor, bias_k);
  BALLAST_ARG(Tensor, bias_v);
  BALLAST_ARG(bool, add_zero_attn);
  BALLAST_ARG(double, dropout_p);
  BALLAST_ARG(Tensor, out_proj_weight);
  BALLAST_ARG(Tensor, out_proj_bias);
  BALLAST_ARG(bool, training) = true;
  BALLAST_ARG(Tensor, key_padding_mask);  ///< [batch, S]: true hides a key, numbers are added
  BALLAST_ARG(bool, need_weights) = true;
  BALLAST_ARG(Tensor, attn_mask);  ///< [L, S] or [batch * heads, L, S]: the same for a query and a key
  BALLAST_ARG(bool, use_separate_proj_weight) = false;
  BALLAST_ARG(Tensor, q_proj_weight);
  BALLAST_ARG(Tensor, k_proj_weight);
  BALLAST_ARG(Tensor, v_proj_weight);
  BALLAST_ARG(Tensor, static_k);  ///< projected keys of [batch * heads, S, head size], instead of `key`
  BALLAST_ARG(Tensor, static_v);
  BALLAST_ARG(bool, average_attn_weights) = true;
  BALLAST_ARG(bool, batch_first) = false;  ///< inputs and output are [batch, L, E]
};

/// Multi-head attention with its projections. Query of [L, batch, E] or [L, E], keys and values of [S, batch,
/// ...] or [S, ...]. Gives the output, shaped as the query, and the weights of [batch, L, S], or [batch,
/// heads, L, S] unless averaged, undefined if not needed. A query that sees no key gives NaN, or zeros where
/// weights are not needed, as in PyTorch.
[[nodiscard]] std::tuple<Tensor, Tensor> multi_head_attention_forward(
    const Tensor& query, const Tensor& key, const Tensor& value,
    const MultiheadAttentionForwardFuncOptions& options);

}  // namespace ballast::nn::functional
