// Products with weights, as functions.
//
//   Tensor h = nn::functional::linear(x, fc->weight, fc->bias);
#pragma once

#include "ballast/core/tensor.h"

namespace ballast::nn::functional {

/// x W^T + b over the last dimension of x; W of [out, in] or [in]; b of [out], or undefined. Errors of matmul: ShapeError
/// "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x8)".
[[nodiscard]] Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});

/// y[k] = x1^T W[k] x2 + b[k] over the last dimensions; W of [out, in1, in2].
[[nodiscard]] Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                              const Tensor& bias = {});

}  // namespace ballast::nn::functional
