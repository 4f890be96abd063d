// What reductions share: a tensor laid out so that the elements of one result stand in a row.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast::detail {

struct ReducedRows {
  Tensor rows;         ///< row-major; the last `n` elements of each row make one result
  std::int64_t count;  ///< rows
  std::int64_t n;      ///< elements of a row
  Dims result;         ///< the shape of the result
};

/// Dimensions `dims` of `t` (none: all) as rows, in row-major order of the remaining ones. Checks `dims`; copies only where
/// memory order makes it necessary. On meta, shapes only.
[[nodiscard]] ReducedRows reduce_rows(const Tensor& t, IntArrayRef dims, bool keepdim);

}  // namespace ballast::detail
