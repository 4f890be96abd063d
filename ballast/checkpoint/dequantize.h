// The numbers that quantised tensors stand for.
//
//   const TensorValue& v = checkpoint.tensors()[0].value.tensor();
//   if (v.layout == Layout::kQuantized && can_dequantize(v)) Tensor numbers = dequantize(v);
//
// One tensor at a time, so that a file of blocks need not fit into memory as floats. `LoadOptions::dequantize` does it for all
// tensors of a GGUF file while it is read.
#pragma once

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

/// Whether `dequantize` knows what is stored: all of PyTorch's, and the blocks of GGUF that docs/formats.md lists. False for
/// tensors on meta, and for those that are not quantised.
[[nodiscard]] bool can_dequantize(const TensorValue& value);

/// float32, row-major, of the shape that `value` stands for: the bits of PyTorch's `dequantize()` and of ggml. ValueError where
/// `can_dequantize` is false.
[[nodiscard]] Tensor dequantize(const TensorValue& value);

}  // namespace ballast::checkpoint
