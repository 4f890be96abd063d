// Softmax along one dimension, its logarithm, and cross entropy.
//
//   Tensor p = x.softmax(1);
//   Tensor log_p = log_softmax(x, -1);
//   Tensor loss = cross_entropy(logits, classes);              // logits [N, C, ...], classes [N, ...], int64
//
// Floating types; float16 and bfloat16 are computed in float. The largest element is taken off first, so that nothing overflows.
// IndexError "Dimension out of range (expected to be in range of [-3, 2], but got 5)".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// exp(x) / sum(exp(x)) along `dim`; computed in `dtype` if given.
[[nodiscard]] Tensor softmax(const Tensor& self, std::int64_t dim, std::optional<DType> dtype = std::nullopt);
/// log(softmax(x)).
[[nodiscard]] Tensor log_softmax(const Tensor& self, std::int64_t dim,
                                 std::optional<DType> dtype = std::nullopt);

/// How the losses of elements become one.
enum class Reduction : std::uint8_t { kEach, kAverage, kTotal };

/// -self[target] of log probabilities: self [C], [N, C] or [N, C, ...], target the same without C, int64 or uint8. Each is
/// weighted by weight[target], weight [C] or undefined; kAverage divides by the sum of these weights. Targets equal to
/// ignore_index count as nothing. IndexError "Target 7 is out of bounds."
[[nodiscard]] Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                              Reduction reduction = Reduction::kAverage, std::int64_t ignore_index = -100);

/// nll_loss of log_softmax over dimension 1 (0 of a vector). Targets are classes as there, or, of the shape of `self`,
/// probabilities of the classes. label_smoothing mixes them with equal probabilities (Szegedy et al. 2016).
[[nodiscard]] Tensor cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                                   Reduction reduction = Reduction::kAverage,
                                   std::int64_t ignore_index = -100, double label_smoothing = 0);

}  // namespace ballast
