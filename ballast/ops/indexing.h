// Elements chosen by index: along a dimension, row by row.
//
//   gather(logits, 1, targets.unsqueeze(1));        // the score of each row's target
//   index_select(table, 0, ids);                    // rows of a table
//
// Indices are int64 tensors. One out of range throws IndexError "index 7 is out of bounds for dimension 0 with size 4".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// out[i][j] = self[index[i][j]][j] for dim 0, and so on: an element for each index. `index` may be smaller than `self` in the
/// other dimensions.
[[nodiscard]] Tensor gather(const Tensor& self, std::int64_t dim, const Tensor& index);
/// A copy of self with src[i][j] added at [index[i][j]][j] for dim 0, and so on.
[[nodiscard]] Tensor scatter_add(const Tensor& self, std::int64_t dim, const Tensor& index,
                                 const Tensor& src);
/// The slices of `dim` that `index`, a vector, names.
[[nodiscard]] Tensor index_select(const Tensor& self, std::int64_t dim, const Tensor& index);
/// A copy of self with the slices of `source` added to those that `index` names.
[[nodiscard]] Tensor index_add(const Tensor& self, std::int64_t dim, const Tensor& index,
                               const Tensor& source, const Scalar& alpha = 1);

}  // namespace ballast
