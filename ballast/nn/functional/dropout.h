// Dropout as a function.
#pragma once

#include "ballast/core/tensor.h"
#include "ballast/nn/options.h"

namespace ballast::nn::functional {

struct DropoutFuncOptions {
  BALLAST_ARG(Number, p) = 0.5;
  BALLAST_ARG(bool, training) = true;
  BALLAST_ARG(bool, inplace) = false;
};

/// In training, zeroes each element with probability p and divides the others by 1 - p.
[[nodiscard]] Tensor dropout(const Tensor& input, const DropoutFuncOptions& options = {});

}  // namespace ballast::nn::functional
