// Copies, conversions and constant fills.
//
//   Tensor w = empty({2, 3});
//   w[0] = 1.5;                      // an expression is written through: fills the first row
//   w[1] = w[0];                     // copies, broadcast and converted
//   Tensor h = w.to(kFloat16);
//
// The members are declared in core/tensor.h. All of them take tensors of any strides. Writing forms throw Error for a leaf
// that requires grad while gradients are recorded, and ShapeError for an expanded tensor (fills excepted).
//
// Conversions are PyTorch's (core/convert_element.h). Values leave `meta` nowhere: NotImplementedError "Cannot copy out of
// meta tensor; no data!"; copying to meta checks shapes and copies nothing.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// A copy on memory of its own. Dense tensors keep their strides, others become row-major.
[[nodiscard]] Tensor clone(const Tensor& self);
/// Each dimension `times[i]` times in a row; as many leading dimensions are added as `times` has more.
[[nodiscard]] Tensor repeat(const Tensor& self, IntArrayRef times);

namespace detail {
/// `value` in every element of `out`, without any check of rights: for tensors just made.
void fill(const Tensor& out, const Scalar& value);
}  // namespace detail

}  // namespace ballast
