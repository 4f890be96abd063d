// Products with one matrix that is used again and again, as a recurrent layer's weights are at each step:
// packed once, in the order in which the loops read it. Faster than BLAS, which packs at each call, for the
// few rows of a step. Internal.
#pragma once

#include <cstdint>

namespace ballast::detail {

struct PackedLeft {
  const float* data;
  std::int64_t row, k;  ///< steps
};
/// What a product is added to: null for zeros.
struct PackedStart {
  const float* data;
  std::int64_t row;  ///< step; 0 for one row
};
struct PackedResult {
  float* data;
  std::int64_t row;  ///< step
};

/// The loops of one instruction set, over panels of `columns` columns, each [k, columns] in row-major order.
struct PackedProductKernels {
  std::int64_t columns;
  std::int64_t tile;  ///< rows at once: 8 or 6
  /// c [rows, n] = first + a [rows, k] times a panel, of which n <= columns are used; a's element (r, i) is at
  /// r a_row + i a_k. `first` may be c itself, or one row for all.
  void (*multiply)(std::int64_t rows, std::int64_t k, PackedLeft a, const float* panel, PackedStart first,
                   PackedResult c, std::int64_t n);
};

#if defined(__x86_64__)
extern const PackedProductKernels kPackedProductAvx2;
extern const PackedProductKernels kPackedProductAvx512;
#endif

}  // namespace ballast::detail
