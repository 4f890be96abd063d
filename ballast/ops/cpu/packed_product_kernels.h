// Products with one matrix that is used again and again, as a recurrent layer's weights are at each step:
// packed once, in the order in which the loops read it. Faster than BLAS, which packs at each call, for the
// few rows of a step. Internal.
#pragma once

#include <cstdint>

namespace ballast::detail {

/// The loops of one instruction set, over panels of `columns` columns, each [k, columns] in row-major order.
struct PackedProductKernels {
  std::int64_t columns;
  std::int64_t tile;  ///< rows at once: 8 or 6
  /// c [rows, n] (`c_step`) += a [rows, k] times a panel, of which n <= columns are used; a's element (r, i)
  /// is at r a_row + i a_k.
  void (*multiply)(std::int64_t rows, std::int64_t k, const float* a, std::int64_t a_row, std::int64_t a_k,
                   const float* panel, float* c, std::int64_t c_step, std::int64_t n);
};

#if defined(__x86_64__)
extern const PackedProductKernels kPackedProductAvx2;
extern const PackedProductKernels kPackedProductAvx512;
#endif

}  // namespace ballast::detail
