// Layers as functions: what a forward computes, given its parameters.
//
//   Tensor h = nn::functional::relu(nn::functional::linear(x, fc->weight, fc->bias));
#pragma once

#include "ballast/core/tensor.h"

namespace ballast::nn::functional {

/// x W^T + b over the last dimension of x; W of [out, in] or [in]; b of [out], or undefined.
[[nodiscard]] Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});

/// max(x, 0); in place: `input` itself, changed.
Tensor relu(const Tensor& input, bool inplace = false);

}  // namespace ballast::nn::functional
