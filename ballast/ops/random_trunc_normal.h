// The normal distribution cut off at both ends, with PyTorch's bits.
//
//   trunc_normal_fill(weight, 0, 0.02, -0.04, 0.04);
//
// PyTorch draws the whole tensor, and as long as any element lies outside [a, b] a whole new one, of which it takes the
// elements still missing. (Where less than 0.3 of the distribution lies inside, both the candidates, uniform on [a, b], and
// the numbers that decide on them are whole tensors.) Here only the blocks that hold a missing element are computed; the
// generator runs past the others. Beside the tensor this needs one bit an element; a tensor that is not
// contiguous, or shorter than 16, takes a second one of its size.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// Fills `t` with numbers of [a, b]. Floating types; ValueError for std = 0 and a > b. Asks no rights (nn::init does) and
/// gives no warning.
void trunc_normal_fill(const Tensor& t, double mean, double std, double a, double b,
                       const std::optional<Generator>& generator = {});

}  // namespace ballast
