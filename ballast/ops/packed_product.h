// A matrix that others are multiplied with: once with many rows, or again and again with a few. Not
// installed.
//
//   const PackedMatrix<float> w({weight, step, true}, k, n, rows_in_all);
//   w.add_product(rows, a, a_step, c, c_step);                    // c += a w
//
// On CPUs with AVX2 it is packed if it has enough rows to meet, and products of floats are loops of our own;
// else they are BLAS's. Which of the two depends on CPU and sizes, and the bits with it, as with BLAS.
#pragma once

#include <cstdint>

#include "ballast/core/tensor.h"
#include "ballast/ops/blas.h"

namespace ballast {

namespace detail {
struct PackedProductKernels;
struct PackedStart;
}  // namespace detail

template <class T>
class PackedMatrix {
 public:
  /// `matrix` is [k, n], or [n, k] if transposed, and must stay where it is.
  PackedMatrix(blas::Matrix<T> matrix, std::int64_t k, std::int64_t n, std::int64_t rows_in_all);
  /// c [rows, n] += a [rows, k].
  void add_product(std::int64_t rows, const T* a, std::int64_t a_step, T* c, std::int64_t c_step) const;
  /// c [rows, n] = a [rows, k] w + row, for each of its rows; null for zeros.
  void put_product(std::int64_t rows, const T* a, std::int64_t a_step, const T* row, T* c,
                   std::int64_t c_step) const;
  /// c [m, n] += a^T w, for a of [k, m].
  void add_transposed_product(std::int64_t m, const T* a, std::int64_t a_step, T* c,
                              std::int64_t c_step) const;

 private:
  void multiply_panels(std::int64_t rows, const float* a, std::int64_t a_step, detail::PackedStart first,
                       float* c, std::int64_t c_step) const;

  blas::Matrix<T> matrix_;
  std::int64_t k_, n_;
  const detail::PackedProductKernels* loops_ = nullptr;
  Tensor panels_;  // undefined: not packed
};

}  // namespace ballast
