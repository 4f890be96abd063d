// Normalisation to mean 0 and variance 1, over different parts of a tensor.
//
//   Tensor y = batch_norm(x, weight, bias, mean, var, /*training=*/true, 0.1, 1e-5);   // over all but the
//   channels
//   Tensor y = layer_norm(x, {64}, weight, bias);                                      // over the last
//   dimensions
//   Tensor y = group_norm(x, 4, weight, bias);                                         // over groups of
//   channels of a sample
//   Tensor y = instance_norm(x, weight, bias, {}, {}, true, 0.1, 1e-5);                // over each
//   channel of a sample
//   Tensor y = rms_norm(x, {64}, weight);                                              // last dimensions,
//   by their mean square
//
// Weight and bias, where defined, are applied after. Types: float32, float64; float16 and bfloat16 are
// computed in float32.
// The gradients are computed by fused kernels, or, where they are to be differentiated themselves, by
// formulas.
#pragma once

#include <optional>

#include "ballast/core/tensor.h"

namespace ballast {

/// [N, C, ...]. In training by the statistics of the input, which are also mixed into the running ones
/// (`momentum` of the new; the
/// unbiased variance); else by the running ones. ShapeError "running_mean should contain 4 elements not 3"
/// and the like.
[[nodiscard]] Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                const Tensor& running_mean, const Tensor& running_var, bool training,
                                double momentum, double eps);
/// [N, C, ...], statistics of each sample alone (`use_input_stats`), whose average is mixed into the
/// running ones.
[[nodiscard]] Tensor instance_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                   const Tensor& running_mean, const Tensor& running_var,
                                   bool use_input_stats, double momentum, double eps);
[[nodiscard]] Tensor group_norm(const Tensor& input, std::int64_t num_groups, const Tensor& weight = {},
                                const Tensor& bias = {}, double eps = 1e-5);
[[nodiscard]] Tensor layer_norm(const Tensor& input, IntArrayRef normalized_shape, const Tensor& weight = {},
                                const Tensor& bias = {}, double eps = 1e-5);
/// By default `eps` is the smallest step of the element type at 1.
[[nodiscard]] Tensor rms_norm(const Tensor& input, IntArrayRef normalized_shape, const Tensor& weight = {},
                              std::optional<double> eps = std::nullopt);
/// x / (k + alpha * mean of x^2 over `size` neighbouring channels)^beta (Krizhevsky et al. 2012). Channels
/// beyond the ends count as 0.
/// `cross_map`: the windows of PyTorch's CrossMapLRN2d, (size - 1) / 2 channels on both sides and, further
/// up, also the first one.
[[nodiscard]] Tensor local_response_norm(const Tensor& input, std::int64_t size, double alpha = 1e-4,
                                         double beta = 0.75, double k = 1, bool cross_map = false);

}  // namespace ballast
