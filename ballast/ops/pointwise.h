// Differentiable functions of one number, over tensors: the frame under activations, exp, sigmoid, tanh and losses of a
// difference. The functions are those of cpu/pointwise_functions.h; a PointwiseOp is one with its parameters and names.
// Internal.
//
//   constexpr PointwiseOp kGelu{Pointwise::kGelu, "gelu_cpu", "GeluBackward0", "GeluBackwardBackward0"};
//   Tensor y = pointwise(kGelu, x);                        // recorded
//
// First and second derivatives are loops; their own gradients are recorded, so that a gradient can be differentiated once more,
// and again where the third derivative is a constant.
#pragma once

#include <optional>

#include "ballast/core/tensor.h"
#include "ballast/ops/cpu/pointwise_kernels.h"

namespace ballast::detail {

struct PointwiseOp {
  Pointwise f;
  const char* kernel;         ///< as error texts call it
  const char* name;           ///< "GeluBackward0"
  const char* gradient_name;  ///< "GeluBackwardBackward0"
  PointwiseParameters parameters{};
  bool bends = true;       ///< whether the second derivative is not zero everywhere
  bool of_result = false;  ///< whether derivatives are functions of the result
  /// Whether the slope at x can be told from the result: nothing else is then kept of an input written in place.
  bool in_place_of_result = false;
  std::optional<double> third = std::nullopt;  ///< the third derivative, where it is the same everywhere
};

/// f(x), recorded. Floating types; NotImplementedError "\"elu_cpu\" not implemented for 'Int'".
[[nodiscard]] Tensor pointwise(const PointwiseOp& op, const Tensor& x);
/// The same written to x.
const Tensor& pointwise_inplace(const PointwiseOp& op, const Tensor& x);

/// grad f'(x), recorded; of one shape. For an op of_result, `x` is the result.
[[nodiscard]] Tensor pointwise_gradient(const PointwiseOp& op, const Tensor& grad, const Tensor& x);

/// f(x), not recorded.
[[nodiscard]] Tensor pointwise_values(const PointwiseOp& op, const Tensor& x);

/// f(x - y), reduced to their sum times `scale` (a number) or kept: not recorded. x and y of one shape and of type float32 or
/// float64.
[[nodiscard]] Tensor pointwise_sum_of_differences(const PointwiseOp& op, const Tensor& x, const Tensor& y,
                                                  double scale);
/// scale f'(x - y), not recorded.
[[nodiscard]] Tensor pointwise_slopes_of_differences(const PointwiseOp& op, double scale, const Tensor& x,
                                                     const Tensor& y);

}  // namespace ballast::detail
