// Pooling over windows of the last one, two or three dimensions.
//
//   Tensor y = max_pool2d(x, 2);                                   // stride as the kernel
//   auto [y, at] = max_pool2d_with_indices(x, {3, 2}, 2, 1);       // at: where in its plane each maximum
//   lies
//   Tensor y = avg_pool2d(x, 3, 1, 1, /*ceil_mode=*/false, /*count_include_pad=*/false);
//   Tensor y = adaptive_avg_pool2d(x, 1);                          // to a size of the result
//
// Inputs may lack the batch dimension. One number stands for all dimensions; an empty stride is the
// kernel. NaN is a maximum; of
// equal ones the first counts.
#pragma once

#include <optional>
#include <tuple>

#include "ballast/core/tensor.h"

namespace ballast {

[[nodiscard]] Tensor max_pool1d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride = {},
                                IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
[[nodiscard]] Tensor max_pool2d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride = {},
                                IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
[[nodiscard]] Tensor max_pool3d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride = {},
                                IntArrayRef padding = 0, IntArrayRef dilation = 1, bool ceil_mode = false);
[[nodiscard]] std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& input, IntArrayRef kernel_size,
                                                                 IntArrayRef stride = {},
                                                                 IntArrayRef padding = 0,
                                                                 IntArrayRef dilation = 1,
                                                                 bool ceil_mode = false);
[[nodiscard]] std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input, IntArrayRef kernel_size,
                                                                 IntArrayRef stride = {},
                                                                 IntArrayRef padding = 0,
                                                                 IntArrayRef dilation = 1,
                                                                 bool ceil_mode = false);
[[nodiscard]] std::tuple<Tensor, Tensor> max_pool3d_with_indices(const Tensor& input, IntArrayRef kernel_size,
                                                                 IntArrayRef stride = {},
                                                                 IntArrayRef padding = 0,
                                                                 IntArrayRef dilation = 1,
                                                                 bool ceil_mode = false);

[[nodiscard]] Tensor avg_pool1d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride = {},
                                IntArrayRef padding = 0, bool ceil_mode = false,
                                bool count_include_pad = true);
[[nodiscard]] Tensor avg_pool2d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride = {},
                                IntArrayRef padding = 0, bool ceil_mode = false,
                                bool count_include_pad = true,
                                std::optional<std::int64_t> divisor_override = std::nullopt);
[[nodiscard]] Tensor avg_pool3d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride = {},
                                IntArrayRef padding = 0, bool ceil_mode = false,
                                bool count_include_pad = true,
                                std::optional<std::int64_t> divisor_override = std::nullopt);

[[nodiscard]] Tensor adaptive_avg_pool1d(const Tensor& input, IntArrayRef output_size);
[[nodiscard]] Tensor adaptive_avg_pool2d(const Tensor& input, IntArrayRef output_size);
[[nodiscard]] Tensor adaptive_avg_pool3d(const Tensor& input, IntArrayRef output_size);
/// The maxima and where in its plane each lies.
[[nodiscard]] std::tuple<Tensor, Tensor> adaptive_max_pool1d(const Tensor& input, IntArrayRef output_size);
[[nodiscard]] std::tuple<Tensor, Tensor> adaptive_max_pool2d(const Tensor& input, IntArrayRef output_size);
[[nodiscard]] std::tuple<Tensor, Tensor> adaptive_max_pool3d(const Tensor& input, IntArrayRef output_size);

/// Puts each element at its index in a plane of `output_size`, zeros elsewhere; of several at one place
/// the last stays.
[[nodiscard]] Tensor max_unpool1d(const Tensor& input, const Tensor& indices, IntArrayRef output_size);
[[nodiscard]] Tensor max_unpool2d(const Tensor& input, const Tensor& indices, IntArrayRef output_size);
[[nodiscard]] Tensor max_unpool3d(const Tensor& input, const Tensor& indices, IntArrayRef output_size);

/// Maxima of windows placed at random (Graham 2014): `random_samples` [N, C, 2 or 3], in [0, 1), says
/// where.
[[nodiscard]] std::tuple<Tensor, Tensor> fractional_max_pool2d(const Tensor& input, IntArrayRef kernel_size,
                                                               IntArrayRef output_size,
                                                               const Tensor& random_samples);
[[nodiscard]] std::tuple<Tensor, Tensor> fractional_max_pool3d(const Tensor& input, IntArrayRef kernel_size,
                                                               IntArrayRef output_size,
                                                               const Tensor& random_samples);

}  // namespace ballast
