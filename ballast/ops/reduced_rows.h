// What reductions share: a tensor laid out so that the elements of one result stand in a row.
#pragma once

#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::detail {

struct ReducedRows {
  Tensor rows;         ///< row-major; the last `n` elements of each row make one result
  std::int64_t count;  ///< rows
  std::int64_t n;      ///< elements of a row
  Dims result;         ///< the shape of the result
};

/// Of each dimension of a tensor, whether it is reduced.
using ReducedDims = std::vector<bool>;
/// `dims` of `t` (none: all). IndexError out of range, ShapeError "dim 1 appears multiple times in the list of dims".
[[nodiscard]] ReducedDims which_reduced(const Tensor& t, IntArrayRef dims);

/// Dimensions `dims` of `t` (none: all) as rows, in row-major order of the remaining ones. Checks `dims`; copies only where
/// memory order makes it necessary. On meta, shapes only.
[[nodiscard]] ReducedRows reduce_rows(const Tensor& t, IntArrayRef dims, bool keepdim);
[[nodiscard]] ReducedRows rows_without(const Tensor& t, const ReducedDims& reduced, bool keepdim);

/// The shape that is left of `t`.
[[nodiscard]] Dims reduced_sizes(const Tensor& t, const ReducedDims& reduced, bool keepdim);

/// What a reduction did to a shape, to be undone by its gradient.
class Reduced {
 public:
  /// Dimensions `dims` of `t` (none: all) were reduced, whether kept with size 1 or not.
  Reduced(const Tensor& t, IntArrayRef dims);
  /// `reduced`, of the shape of the result, repeated over the elements that made it.
  [[nodiscard]] Tensor spread(const Tensor& reduced) const { return kept(reduced).expand(sizes_); }
  /// `reduced` with the reduced dimensions in place, of size 1.
  [[nodiscard]] Tensor kept(const Tensor& reduced) const { return reduced.reshape(kept_); }

 private:
  Dims sizes_, kept_;
};

}  // namespace ballast::detail
