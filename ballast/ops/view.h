// Views: other shapes of the same elements. Nothing is copied; writing through a view writes the tensor it shows.
//
//   Tensor w = empty({8, 4});
//   transpose(w, 0, 1).fill_(0);     // clears w
//
// Each function has a member twin in core/tensor.h (`w.transpose(0, 1)`); members without a twin here: `slice`, `view`,
// `expand`, `as_strided`. Dimensions count from 0, or from -1 backwards: IndexError "Dimension out of range (expected to be in
// range of [-2, 1], but got 2)".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// Dimensions `a` and `b` exchanged.
[[nodiscard]] Tensor transpose(const Tensor& self, std::int64_t a, std::int64_t b);
/// A matrix transposed; vectors and numbers as they are. ShapeError for more than two dimensions.
[[nodiscard]] Tensor t(const Tensor& self);
/// Dimension i of the result is dimension `dims[i]`. ShapeError unless `dims` names each dimension once.
[[nodiscard]] Tensor permute(const Tensor& self, IntArrayRef dims);
/// The elements in row-major order in another shape, of which one size may be -1: a view where the strides allow it, else a
/// copy. ShapeError "shape '[3]' is invalid for input of size 2".
[[nodiscard]] Tensor reshape(const Tensor& self, IntArrayRef sizes);
/// Dimensions `start_dim` to `end_dim`, both included, joined into one.
[[nodiscard]] Tensor flatten(const Tensor& self, std::int64_t start_dim = 0, std::int64_t end_dim = -1);
/// Without the dimensions of size 1, or without dimension `dim` if its size is 1.
[[nodiscard]] Tensor squeeze(const Tensor& self);
[[nodiscard]] Tensor squeeze(const Tensor& self, std::int64_t dim);
/// With a dimension of size 1 put in front of dimension `dim`; `dim` may be the rank.
[[nodiscard]] Tensor unsqueeze(const Tensor& self, std::int64_t dim);
/// `length` positions of dimension `dim` from `start` on. ShapeError where they reach beyond its end.
[[nodiscard]] Tensor narrow(const Tensor& self, std::int64_t dim, std::int64_t start, std::int64_t length);
/// Position `index` of dimension `dim`, which goes. IndexError "select(): index 5 out of range for tensor of size [2] at
/// dimension 0".
[[nodiscard]] Tensor select(const Tensor& self, std::int64_t dim, std::int64_t index);
/// The diagonal of each matrix over `dim1` and `dim2`, as a last dimension; `offset` > 0 is above the main one.
[[nodiscard]] Tensor diagonal(const Tensor& self, std::int64_t offset = 0, std::int64_t dim1 = 0,
                              std::int64_t dim2 = 1);
/// A complex tensor [...] as its parts [..., 2].
[[nodiscard]] Tensor view_as_real(const Tensor& self);
/// The other way round. ShapeError unless the last dimension is a dense pair.
[[nodiscard]] Tensor view_as_complex(const Tensor& self);

}  // namespace ballast
