// Products of matrices and vectors.
//
//   Tensor c = mm(a, b);                  // [n, k] and [k, m] give [n, m]
//   Tensor y = linear(x, weight, bias);   // x weight^T + bias
//
// float32 and float64 go to OpenBLAS, on get_num_threads() threads; other types to a plain loop (float16, bfloat16 and float8
// added up in float, integers wrapping around). Views are read where they are: a transposed matrix costs no copy.
// All operands must have one type: DTypeError "expected m1 and m2 to have the same dtype, but got: float != double".
// ShapeError "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)".
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// Two matrices.
[[nodiscard]] Tensor mm(const Tensor& self, const Tensor& other);
/// beta * self + alpha * mat1 mat2; `self` broadcasts to the product and is not read where beta is 0.
[[nodiscard]] Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta = 1,
                           const Scalar& alpha = 1);
/// Two batches of matrices, [b, n, k] and [b, k, m].
[[nodiscard]] Tensor bmm(const Tensor& self, const Tensor& other);
/// Matrices or vectors of any rank: a vector counts as a row on the left and as a column on the right and goes from the
/// result; leading dimensions are batches, which broadcast. Two vectors give their inner product.
[[nodiscard]] Tensor matmul(const Tensor& self, const Tensor& other);
/// x [..., in] times the transpose of weight [out, in] (or of a vector [in]), plus bias [out] if it is defined.
[[nodiscard]] Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace ballast
