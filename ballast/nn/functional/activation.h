// Activations as functions.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast::nn::functional {

/// max(x, 0); in place: `input` itself, changed.
Tensor relu(const Tensor& input, bool inplace = false);

}  // namespace ballast::nn::functional
