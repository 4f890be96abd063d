// The strides of new tensors that take after others, by PyTorch's rules.
//
// Both put the dimensions in the order in which the others keep them in memory, row-major where that says nothing. They part
// at dimensions of size 0 and 1, whose strides no element feels.
#pragma once

#include <span>

#include "ballast/core/strided_loop.h"

namespace ballast {

/// Of an elementwise operation's result of shape `sizes`; the operands broadcast to it, and those that come first count most.
/// `with_number`: one of the operands is a number.
[[nodiscard]] Dims result_strides(IntArrayRef sizes, std::span<const StridedOperand> operands,
                                  bool with_number);

/// Of a copy: the same strides where they are dense, else dense ones in the same order.
[[nodiscard]] Dims copy_strides(IntArrayRef sizes, IntArrayRef strides);

/// Of a converted copy: the same strides where they are dense, else row-major, or channels last where they look it.
[[nodiscard]] Dims converted_strides(IntArrayRef sizes, IntArrayRef strides);

}  // namespace ballast
