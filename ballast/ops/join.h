// Tensors joined into one, and taken apart.
//
//   cat({a, b}, 0);                      // [2, 3] and [4, 3] give [6, 3]
//   stack({a, a});                       // [2, 3] twice gives [2, 2, 3]
//   split_with_sizes(c, {2, 4}, 0);      // [6, 3] gives [2, 3] and [4, 3]
//
// What is joined has the type that all tensors promote to and memory of its own.
#pragma once

#include <vector>

#include "ballast/core/tensor.h"

namespace ballast {

/// One after the other along dimension `dim`; the other sizes must agree. Tensors of shape [0] are left out.
/// ValueError for an empty list, ShapeError "Sizes of tensors must match except in dimension 0. ...".
[[nodiscard]] Tensor cat(TensorList tensors, std::int64_t dim = 0);
[[nodiscard]] Tensor concat(TensorList tensors, std::int64_t dim = 0);
/// Along a new dimension `dim`; all shapes must be equal.
[[nodiscard]] Tensor stack(TensorList tensors, std::int64_t dim = 0);
/// Parts of these sizes along `dim`, as views; one node of the tape for all. ShapeError unless the sizes add
/// up.
[[nodiscard]] std::vector<Tensor> split_with_sizes(const Tensor& self, IntArrayRef sizes,
                                                   std::int64_t dim = 0);

}  // namespace ballast
