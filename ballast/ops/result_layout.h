// The strides of a new tensor that takes after others, by PyTorch's rule: dense, with the dimensions in the order in which
// the operands keep them in memory; row-major where that says nothing.
#pragma once

#include <span>

#include "ballast/core/strided_loop.h"

namespace ballast {

/// The dense strides of shape `sizes` after the operands, which broadcast to it. Operands that come first count most.
[[nodiscard]] Dims dense_strides_like(IntArrayRef sizes, std::span<const StridedOperand> operands);

}  // namespace ballast
