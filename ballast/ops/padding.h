// Padding: tensors made larger (or, by negative amounts, smaller) at their ends.
//
//   Tensor y = constant_pad_nd(x, {1, 2}, 0.5);          // the last dimension, one before and two after
//   Tensor y = pad(x, {1, 1, 2, 2}, "reflect");          // the last two
//
// Amounts come in pairs, of the last dimension first: before, after.
#pragma once

#include <optional>
#include <string_view>

#include "ballast/core/tensor.h"

namespace ballast {

/// Any dimensions, with one value.
[[nodiscard]] Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value = 0);

/// Modes "constant" (any dimensions, with `value`), and for the last one to three dimensions of an input
/// that has one or two more:
/// "reflect" (mirrored at the border), "replicate" (the border repeated), "circular" (the other end).
/// Errors are PyTorch's.
[[nodiscard]] Tensor pad(const Tensor& self, IntArrayRef pad, std::string_view mode = "constant",
                         std::optional<double> value = std::nullopt);

}  // namespace ballast
