// Attention over batches of heads: softmax(scale q k^T + bias) v (Vaswani et al. 2017).
//
//   Tensor out = attention(q, k, v, {.scale = 1 / std::sqrt(32.0), .causal = true}).output;
//
// q is [B, H, L, E], k [B, H, S, E], v [B, H, S, D]; the result is [B, H, L, D], in memory in the order of
// dimensions of q. Only their last dimension need be dense: heads may be parts of one matrix. One node of the
// tape, which keeps the weights; a gradient that is to be differentiated again is computed with recorded
// operations.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

struct AttentionArguments {
  double scale = 1;
  Tensor bias =
      {};  ///< added to the scores, of their type; broadcasts to [B, H, L, S]; minus infinity hides a key
  Tensor factors = {};  ///< multiplies the weights (dropout); [B, H, L, S]
  bool causal = false;  ///< query i sees keys 0 to i only
  /// What a query that sees no key at all gives: zeros, or NaN as the quotient has it.
  bool empty_is_zero = true;
  bool need_weights = false;
};

struct AttentionResult {
  Tensor output;
  Tensor weights;  ///< [B, H, L, S], after `factors`; undefined unless asked for
};

[[nodiscard]] AttentionResult attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                        const AttentionArguments& arguments = {});

}  // namespace ballast
