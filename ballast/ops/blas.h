// The one door to OpenBLAS: matrix products and the LAPACK routines that operations use. Not installed.
//
// Matrices are described by address, shape and steps, so that callers do not think in BLAS's letters.
#pragma once

#include <cstdint>

namespace ballast::blas {

/// A row-major matrix (`step` elements from row to row) or, if `transposed`, a column-major one.
template <class T>
struct Matrix {
  const T* data;
  std::int64_t step;
  bool transposed = false;
};

/// c [m, n] (row-major, `c_step`) = alpha a b + beta c, with a [m, k] and b [k, n]. No size may be 0.
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Matrix<float> a, Matrix<float> b,
          float beta, float* c, std::int64_t c_step);
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, double alpha, Matrix<double> a, Matrix<double> b,
          double beta, double* c, std::int64_t c_step);

/// The QR factors of a column-major [m, n] matrix (`step` elements from column to column), in place: R above the
/// diagonal, reflectors below. `tau` holds min(m, n) numbers.
void geqrf(std::int64_t m, std::int64_t n, float* a, std::int64_t step, float* tau);
void geqrf(std::int64_t m, std::int64_t n, double* a, std::int64_t step, double* tau);
/// The first `k` columns of Q, in place of reflectors from geqrf, of which there are `reflectors` <= k.
void orgqr(std::int64_t m, std::int64_t k, std::int64_t reflectors, float* a, std::int64_t step,
           const float* tau);
void orgqr(std::int64_t m, std::int64_t k, std::int64_t reflectors, double* a, std::int64_t step,
           const double* tau);

}  // namespace ballast::blas
