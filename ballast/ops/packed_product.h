// A matrix that many small ones are multiplied with, one after the other. Not installed.
//
//   const PackedMatrix<float> w({weight, step, true}, k, n, uses);
//   w.add_product(rows, a, a_step, c, c_step);                    // c += a w, for each of the uses
//
// On CPUs with AVX2 it is packed once if it pays; else products are BLAS's. Which of them depends on the CPU
// and the number of uses, so bits do too, as with BLAS.
#pragma once

#include <cstdint>

#include "ballast/core/tensor.h"
#include "ballast/ops/blas.h"

namespace ballast {

template <class T>
class PackedMatrix {
 public:
  /// `matrix` is [k, n], or [n, k] if transposed, and must stay where it is.
  PackedMatrix(blas::Matrix<T> matrix, std::int64_t k, std::int64_t n, std::int64_t uses);
  /// c [rows, n] += a [rows, k].
  void add_product(std::int64_t rows, const T* a, std::int64_t a_step, T* c, std::int64_t c_step) const;

 private:
  blas::Matrix<T> matrix_;
  std::int64_t k_, n_;
  Tensor panels_;  // undefined: not packed
};

}  // namespace ballast
