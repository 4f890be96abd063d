// Normalisation as functions.
//
//   namespace F = ballast::nn::functional;
//   Tensor y = F::batch_norm(x, running_mean, running_var,
//   F::BatchNormFuncOptions().weight(w).bias(b).training(true));
//   Tensor y = F::layer_norm(x, F::LayerNormFuncOptions({64}).weight(w).bias(b));
//
// Shapes and errors are those of ballast/ops/normalization.h, and ValueError "Expected more than 1 value
// per channel when training,
// got input size [1, 3]".
#pragma once

#include "ballast/nn/layers/batch_norm.h"
#include "ballast/nn/layers/group_norm.h"
#include "ballast/nn/layers/layer_norm.h"

namespace ballast::nn::functional {

struct BatchNormFuncOptions {
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(Tensor, bias);
  BALLAST_ARG(bool, training) = false;
  BALLAST_ARG(std::optional<double>, momentum) = 0.1;
  BALLAST_ARG(double, eps) = 1e-5;
};
struct InstanceNormFuncOptions {
  BALLAST_ARG(Tensor, running_mean);
  BALLAST_ARG(Tensor, running_var);
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(Tensor, bias);
  BALLAST_ARG(bool, use_input_stats) = true;
  BALLAST_ARG(double, momentum) = 0.1;
  BALLAST_ARG(double, eps) = 1e-5;
};
struct LayerNormFuncOptions {
  LayerNormFuncOptions(std::vector<std::int64_t> normalized_shape)  // NOLINT(*-explicit-*)
      : normalized_shape_(std::move(normalized_shape)) {}
  BALLAST_ARG(std::vector<std::int64_t>, normalized_shape);
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(Tensor, bias);
  BALLAST_ARG(double, eps) = 1e-5;
};
struct RMSNormFuncOptions {
  RMSNormFuncOptions(std::vector<std::int64_t> normalized_shape)  // NOLINT(*-explicit-*)
      : normalized_shape_(std::move(normalized_shape)) {}
  BALLAST_ARG(std::vector<std::int64_t>, normalized_shape);
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(std::optional<double>, eps);
};
struct GroupNormFuncOptions {
  GroupNormFuncOptions(std::int64_t num_groups) : num_groups_(num_groups) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(std::int64_t, num_groups);
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(Tensor, bias);
  BALLAST_ARG(double, eps) = 1e-5;
};
using LocalResponseNormFuncOptions = LocalResponseNormOptions;

[[nodiscard]] Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                                const BatchNormFuncOptions& options = {});
[[nodiscard]] Tensor instance_norm(const Tensor& input, const InstanceNormFuncOptions& options = {});
[[nodiscard]] Tensor layer_norm(const Tensor& input, const LayerNormFuncOptions& options);
[[nodiscard]] Tensor rms_norm(const Tensor& input, const RMSNormFuncOptions& options);
[[nodiscard]] Tensor group_norm(const Tensor& input, const GroupNormFuncOptions& options);
[[nodiscard]] Tensor local_response_norm(const Tensor& input, const LocalResponseNormFuncOptions& options);

}  // namespace ballast::nn::functional
