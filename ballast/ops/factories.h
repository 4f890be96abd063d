// New tensors: constant, counted, like another one, or joined from others (join.h), or written out (tensor_data.h).
//
//   Tensor a = zeros({2, 3});
//   Tensor b = full({2}, 0.5, kFloat64);
//   Tensor c = arange(0, 10, 2);                // int64: 0 2 4 6 8
//   Tensor d = tensor({{1.0, 2.0}, {3.0, 4.0}});
//
// Sizes are a braced list, a vector, or one number; `{}` is a tensor of one element and no dimensions. Without options a
// tensor has the default type (get_default_dtype), device (get_default_device) and asks for no gradient; `full` and `arange`
// take their type after their numbers: integers int64, truth values bool, others the default type.
// `*_like` takes type and device of `like` except where options say otherwise, and its strides where it is dense.
//
// ShapeError for negative sizes; DTypeError "value cannot be converted to type ... without overflow".
#pragma once

#include "ballast/core/tensor.h"
#include "ballast/ops/join.h"
#include "ballast/ops/tensor_data.h"

namespace ballast {

[[nodiscard]] Tensor zeros(IntArrayRef sizes, const TensorOptions& options = {});
[[nodiscard]] Tensor ones(IntArrayRef sizes, const TensorOptions& options = {});
[[nodiscard]] Tensor full(IntArrayRef sizes, const Scalar& value, const TensorOptions& options = {});
/// A tensor without dimensions, of the default type.
[[nodiscard]] Tensor scalar_tensor(const Scalar& value, const TensorOptions& options = {});

/// start, start + step, ... before `end`; ceil((end - start) / step) numbers. ValueError for a step of 0 or away from `end`.
[[nodiscard]] Tensor arange(const Scalar& end, const TensorOptions& options = {});
[[nodiscard]] Tensor arange(const Scalar& start, const Scalar& end, const TensorOptions& options = {});
[[nodiscard]] Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step,
                            const TensorOptions& options = {});
/// `steps` numbers at equal distances, both ends included.
[[nodiscard]] Tensor linspace(const Scalar& start, const Scalar& end, std::int64_t steps,
                              const TensorOptions& options = {});
/// `base` to the power of each number of linspace.
[[nodiscard]] Tensor logspace(const Scalar& start, const Scalar& end, std::int64_t steps, double base = 10,
                              const TensorOptions& options = {});
/// [n, m] (or [n, n]) with ones on the main diagonal.
[[nodiscard]] Tensor eye(std::int64_t n, const TensorOptions& options = {});
[[nodiscard]] Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& options = {});

[[nodiscard]] Tensor empty_like(const Tensor& like, const TensorOptions& options = {});
[[nodiscard]] Tensor zeros_like(const Tensor& like, const TensorOptions& options = {});
[[nodiscard]] Tensor ones_like(const Tensor& like, const TensorOptions& options = {});
[[nodiscard]] Tensor full_like(const Tensor& like, const Scalar& value, const TensorOptions& options = {});

}  // namespace ballast
