// What every operation that writes into a tensor asks first.
//
//   begin_overwrite(self, "FillBackward0");   // or an InplaceTape: not a leaf that requires grad
//   check_inplace(self);                      // not one address under two indices
//   check_no_partial_overlap(self, src);      // not half of what it reads
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// Begins an operation that overwrites `self` with values that depend on no tensor: no gradient goes further back. Refuses leaves
/// that require grad, and counts the change, as InplaceTape does (autograd/tape.h). `name` is that of its node.
void begin_overwrite(const Tensor& self, const char* name);

/// Whether one address stands under two indices, as in an expanded tensor.
[[nodiscard]] bool repeats_an_address(const Tensor& t);

/// ShapeError "unsupported operation: more than one element of the written-to tensor refers to a single
/// memory location. ..." for an expanded tensor.
void check_inplace(const Tensor& self);

/// ShapeError "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory
/// location. ..." where the two share some of their memory, but not element for element.
void check_no_partial_overlap(const Tensor& written, const Tensor& read);

/// ShapeError "output with shape [2] doesn't match the broadcast shape [3, 2]" unless `self` has the shape that it and
/// `operand` broadcast to.
void check_broadcasts_into(const Tensor& self, IntArrayRef operand);

}  // namespace ballast
