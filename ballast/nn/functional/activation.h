// Activations as functions, with the options of their layers.
//
//   namespace F = ballast::nn::functional;
//   Tensor h = F::elu(x, F::ELUFuncOptions().alpha(0.5).inplace(true));
//   Tensor p = F::softmax(x, 1);                              // options of one value may be given as that value
//
// In place: the input itself, changed. What each computes: layers/activation.h, ops/activation.h.
#pragma once

#include <optional>

#include "ballast/core/tensor.h"
#include "ballast/nn/layers/activation.h"

namespace ballast::nn::functional {

using ReLUFuncOptions = ReLUOptions;
using ReLU6FuncOptions = ReLU6Options;
using SiLUFuncOptions = SiLUOptions;
using MishFuncOptions = MishOptions;
using SELUFuncOptions = SELUOptions;
using HardsigmoidFuncOptions = HardsigmoidOptions;
using HardswishFuncOptions = HardswishOptions;
using ELUFuncOptions = ELUOptions;
using CELUFuncOptions = CELUOptions;
using GELUFuncOptions = GELUOptions;
using GLUFuncOptions = GLUOptions;
using HardshrinkFuncOptions = HardshrinkOptions;
using SoftshrinkFuncOptions = SoftshrinkOptions;
using HardtanhFuncOptions = HardtanhOptions;
using LeakyReLUFuncOptions = LeakyReLUOptions;
using SoftplusFuncOptions = SoftplusOptions;
using ThresholdFuncOptions = ThresholdOptions;

Tensor relu(const Tensor& input, const ReLUFuncOptions& options = {});
Tensor relu6(const Tensor& input, const ReLU6FuncOptions& options = {});
Tensor silu(const Tensor& input, const SiLUFuncOptions& options = {});
Tensor mish(const Tensor& input, const MishFuncOptions& options = {});
Tensor selu(const Tensor& input, const SELUFuncOptions& options = {});
Tensor hardsigmoid(const Tensor& input, const HardsigmoidFuncOptions& options = {});
Tensor hardswish(const Tensor& input, const HardswishFuncOptions& options = {});
Tensor elu(const Tensor& input, const ELUFuncOptions& options = {});
Tensor celu(const Tensor& input, const CELUFuncOptions& options = {});
Tensor gelu(const Tensor& input, const GELUFuncOptions& options = {});
Tensor glu(const Tensor& input, const GLUFuncOptions& options = {});
Tensor hardshrink(const Tensor& input, const HardshrinkFuncOptions& options = {});
Tensor softshrink(const Tensor& input, const SoftshrinkFuncOptions& options = {});
Tensor hardtanh(const Tensor& input, const HardtanhFuncOptions& options = {});
Tensor leaky_relu(const Tensor& input, const LeakyReLUFuncOptions& options = {});
Tensor softplus(const Tensor& input, const SoftplusFuncOptions& options = {});
Tensor threshold(const Tensor& input, const ThresholdFuncOptions& options);
Tensor logsigmoid(const Tensor& input);
Tensor softsign(const Tensor& input);
Tensor tanhshrink(const Tensor& input);
Tensor sigmoid(const Tensor& input);
Tensor tanh(const Tensor& input);
/// `weight`: the slopes below zero, one or one for each channel.
Tensor prelu(const Tensor& input, const Tensor& weight);

struct RReLUFuncOptions {
  BALLAST_ARG(Number, lower) = 1.0 / 8.0;
  BALLAST_ARG(Number, upper) = 1.0 / 3.0;
  BALLAST_ARG(bool, training) = false;
  BALLAST_ARG(bool, inplace) = false;
};
/// In training the slopes are drawn from the default generator.
Tensor rrelu(const Tensor& input, const RReLUFuncOptions& options = {});

/// Without a dimension one is chosen (0 of tensors with 0, 1 or 3 dimensions, else 1), with a warning. `dtype` is what
/// the input is converted to first.
struct SoftmaxFuncOptions {
  SoftmaxFuncOptions(std::optional<std::int64_t> dim = std::nullopt) : dim_(dim) {}  // NOLINT(*-explicit-*)
  SoftmaxFuncOptions(std::int64_t dim) : dim_(dim) {}                                // NOLINT(*-explicit-*)
  SoftmaxFuncOptions(int dim) : dim_(dim) {}                                         // NOLINT(*-explicit-*)
  BALLAST_ARG(std::optional<std::int64_t>, dim);
  BALLAST_ARG(std::optional<DType>, dtype) = std::nullopt;
};
using SoftminFuncOptions = SoftmaxFuncOptions;
using LogSoftmaxFuncOptions = SoftmaxFuncOptions;
Tensor softmax(const Tensor& input, const SoftmaxFuncOptions& options);
Tensor softmin(const Tensor& input, const SoftminFuncOptions& options);
Tensor log_softmax(const Tensor& input, const LogSoftmaxFuncOptions& options);

/// Softmax of logits with noise, at temperature tau (Jang et al. 2016). `hard`: the value is the one-hot vector of the largest, the
/// gradient that of the soft one.
struct GumbelSoftmaxFuncOptions {
  BALLAST_ARG(Number, tau) = 1.0;
  BALLAST_ARG(bool, hard) = false;
  BALLAST_ARG(std::int64_t, dim) = -1;
};
Tensor gumbel_softmax(const Tensor& logits, const GumbelSoftmaxFuncOptions& options = {});

}  // namespace ballast::nn::functional
