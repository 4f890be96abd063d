// Functions of one tensor, element by element.
//
//   Tensor y = relu(x);
//   std::function<Tensor(const Tensor&)> f = sigmoid;     // each is one plain function
//
// Shape and memory order of the result are those of the argument. Functions with real results (exp, log, sqrt, ...) give the
// default floating type for integers and truth values; the others keep the type. float16 and bfloat16 are computed in float.
// NaN and infinities follow IEEE 754. NotImplementedError for types PyTorch does not take: "\"exp_vml_cpu\" not implemented
// for 'Float8_e4m3fn'". Members `abs_`, `neg_`, `sqrt_` and `erfinv_` write in place.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// The magnitude; real for complex numbers.
[[nodiscard]] Tensor abs(const Tensor& self);
[[nodiscard]] Tensor neg(const Tensor& self);
/// -1, 0 or 1; 0 for NaN.
[[nodiscard]] Tensor sign(const Tensor& self);
/// The complex conjugate; of real numbers the tensor itself.
[[nodiscard]] Tensor conj(const Tensor& self);
[[nodiscard]] Tensor square(const Tensor& self);
[[nodiscard]] Tensor reciprocal(const Tensor& self);
/// max(x, 0); NaN stays.
[[nodiscard]] Tensor relu(const Tensor& self);
/// `grad` where x is above the threshold, else 0: the gradient of relu and threshold.
[[nodiscard]] Tensor threshold_backward(const Tensor& grad, const Tensor& x, const Scalar& threshold);

[[nodiscard]] Tensor exp(const Tensor& self);
[[nodiscard]] Tensor log(const Tensor& self);
[[nodiscard]] Tensor log1p(const Tensor& self);
[[nodiscard]] Tensor sqrt(const Tensor& self);
[[nodiscard]] Tensor rsqrt(const Tensor& self);
[[nodiscard]] Tensor erf(const Tensor& self);
/// The inverse of erf on [-1, 1]; infinite at the ends, NaN outside.
[[nodiscard]] Tensor erfinv(const Tensor& self);
[[nodiscard]] Tensor sin(const Tensor& self);
[[nodiscard]] Tensor cos(const Tensor& self);
[[nodiscard]] Tensor tanh(const Tensor& self);
/// 1 / (1 + exp(-x)).
[[nodiscard]] Tensor sigmoid(const Tensor& self);

/// To the nearest whole number, ties to the even one.
[[nodiscard]] Tensor round(const Tensor& self);
[[nodiscard]] Tensor floor(const Tensor& self);
[[nodiscard]] Tensor ceil(const Tensor& self);
[[nodiscard]] Tensor trunc(const Tensor& self);

// Tests: bool tensors.
[[nodiscard]] Tensor isnan(const Tensor& self);
[[nodiscard]] Tensor isinf(const Tensor& self);
[[nodiscard]] Tensor isfinite(const Tensor& self);

}  // namespace ballast
