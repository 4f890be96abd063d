// How far apart vectors are, or how much alike; vectors of length 1; classes as vectors.
//
//   Tensor d = pairwise_distance(x1, x2);             // along the last dimension
//   Tensor c = cosine_similarity(queries, keys, -1);
//   Tensor unit = normalize(x, 2, 1);
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// The p-norm of x1 - x2 + eps over the last dimension; they broadcast.
[[nodiscard]] Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p = 2, double eps = 1e-6,
                                       bool keepdim = false);
/// x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along `dim`; they broadcast. DTypeError "expected common dtype to be floating point,
/// yet common dtype is Long".
[[nodiscard]] Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, std::int64_t dim = 1,
                                       double eps = 1e-8);
/// x / max(p-norm of x along `dim`, eps).
[[nodiscard]] Tensor normalize(const Tensor& self, double p = 2, std::int64_t dim = 1, double eps = 1e-12);
/// int64 [..., num_classes]: 1 where the last index is the class, else 0; num_classes -1 is the largest class + 1. IndexError
/// "Class values must be smaller than num_classes."
[[nodiscard]] Tensor one_hot(const Tensor& classes, std::int64_t num_classes = -1);

}  // namespace ballast
