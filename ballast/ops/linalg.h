// Factorisations, through LAPACK.
//
//   auto [q, r] = linalg_qr(a);      // a = q r
#pragma once

#include <tuple>

#include "ballast/core/tensor.h"

namespace ballast {

/// The QR factorisation by Householder reflections of each matrix [..., m, n] (float32 or float64): Q [..., m, k] with
/// orthonormal columns and upper triangular R [..., k, n], k = min(m, n); the signs are LAPACK's (the diagonal of R may be
/// negative), as in PyTorch. The work is m n^2 operations.
/// ShapeError "linalg.qr: The input tensor A must have at least 2 dimensions."
[[nodiscard]] std::tuple<Tensor, Tensor> linalg_qr(const Tensor& a);

/// The same of one matrix [m, n] without R, which is costly to lay out: Q [m, k] and the diagonal of R [k].
[[nodiscard]] std::tuple<Tensor, Tensor> linalg_qr_diagonal(const Tensor& a);

/// The elements on and above (`triu`) or below (`tril`) diagonal `diagonal` of each matrix; zero elsewhere.
[[nodiscard]] Tensor triu(const Tensor& self, std::int64_t diagonal = 0);
[[nodiscard]] Tensor tril(const Tensor& self, std::int64_t diagonal = 0);

}  // namespace ballast
