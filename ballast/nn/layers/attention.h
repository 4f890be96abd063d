// Multi-head attention (Vaswani et al. 2017).
//
//   nn::MultiheadAttention attention(512, 8);
//   auto [y, weights] = attention->forward(x, x, x);                     // x: [length, batch, 512]
//   nn::MultiheadAttention cross(nn::MultiheadAttentionOptions(8, 2).kdim(3).vdim(5).add_bias_kv(true));
//
// Parameters: in_proj_weight [3 * embed, embed], or, where keys or values have other sizes, q_proj_weight,
// k_proj_weight, v_proj_weight; in_proj_bias [3 * embed]; bias_k, bias_v [1, 1, embed] if asked for; and the
// child out_proj. out_proj is made first (and draws as a Linear does), then the projections by
// xavier_uniform_, the biases are zero, bias_k and bias_v come from xavier_normal_.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/layers/linear.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct MultiheadAttentionOptions {
  MultiheadAttentionOptions(std::int64_t embed_dim, std::int64_t num_heads)
      : embed_dim_(embed_dim), num_heads_(num_heads) {}
  BALLAST_ARG(std::int64_t, embed_dim);
  BALLAST_ARG(std::int64_t, num_heads);  ///< must divide embed_dim
  BALLAST_ARG(Number, dropout) = 0.0;    ///< of the attention weights
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(bool, add_bias_kv) = false;
  BALLAST_ARG(bool, add_zero_attn) = false;
  BALLAST_ARG(std::optional<std::int64_t>, kdim);  ///< nullopt: embed_dim
  BALLAST_ARG(std::optional<std::int64_t>, vdim);  ///< nullopt: embed_dim
  BALLAST_ARG(bool, batch_first) = false;
};

/// ValueError "embed_dim must be divisible by num_heads", and unless both are positive.
class MultiheadAttentionImpl : public Cloneable<MultiheadAttentionImpl> {
 public:
  MultiheadAttentionImpl(std::int64_t embed_dim, std::int64_t num_heads)
      : MultiheadAttentionImpl(MultiheadAttentionOptions(embed_dim, num_heads)) {}
  explicit MultiheadAttentionImpl(const MultiheadAttentionOptions& options_);
  void reset() override;
  /// Queries of [L, batch, embed], keys and values of [S, batch, ...] ([batch, L, embed] with batch_first;
  /// without a batch, two dimensions), to the output, shaped as the query, and the weights of [batch, L, S],
  /// undefined if not needed. Masks are bool (true hides) or numbers added to the scores: key_padding_mask of
  /// [batch, S], attn_mask of [L, S] or [batch * heads, L, S]. Details and errors: functional/attention.h.
  std::tuple<Tensor, Tensor> forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                     const Tensor& key_padding_mask = {}, bool need_weights = true,
                                     const Tensor& attn_mask = {}, bool average_attn_weights = true);
  /// out_proj's weight stays as it is.
  void _reset_parameters();
  /// Whether keys, values and queries have one size, and so one projection.
  [[nodiscard]] bool _qkv_same_embed_dim() const;

  MultiheadAttentionOptions options;
  Tensor in_proj_weight;
  Tensor q_proj_weight, k_proj_weight, v_proj_weight;
  Tensor in_proj_bias;
  NonDynamicallyQuantizableLinear out_proj{nullptr};
  Tensor bias_k, bias_v;
};
BALLAST_MODULE(MultiheadAttention);

}  // namespace ballast::nn
