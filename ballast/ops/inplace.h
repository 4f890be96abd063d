// What every operation that writes into a tensor asks first.
//
//   check_inplace(self);                  // not a leaf that requires grad, not one address under two indices
//   check_no_partial_overlap(self, src);  // not half of what it reads
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// Throws Error "a leaf Variable that requires grad is being used in an in-place operation." while gradients are being
/// recorded (autograd/grad_mode.h).
void check_inplace_on_leaf(const Tensor& self);

/// Whether one address stands under two indices, as in an expanded tensor.
[[nodiscard]] bool repeats_an_address(const Tensor& t);

/// check_inplace_on_leaf, and ShapeError "unsupported operation: more than one element of the written-to tensor refers to a single
/// memory location. ..." for an expanded tensor.
void check_inplace(const Tensor& self);

/// ShapeError "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory
/// location. ..." where the two share some of their memory, but not element for element.
void check_no_partial_overlap(const Tensor& written, const Tensor& read);

/// ShapeError "output with shape [2] doesn't match the broadcast shape [3, 2]" unless `self` has the shape that it and
/// `operand` broadcast to.
void check_broadcasts_into(const Tensor& self, IntArrayRef operand);

}  // namespace ballast
