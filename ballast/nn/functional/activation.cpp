#include "ballast/nn/functional/activation.h"

#include "ballast/core/warning.h"
#include "ballast/ops/activation.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/softmax.h"

namespace ballast::nn::functional {
namespace {

Scalar scalar(const Number& n) {
  return n.is_integral() ? Scalar(static_cast<std::int64_t>(static_cast<double>(n)))
                         : Scalar(static_cast<double>(n));
}

}  // namespace

Tensor relu(const Tensor& input, const ReLUFuncOptions& options) {
  return options.inplace() ? relu_(input) : input.relu();
}
Tensor relu6(const Tensor& input, const ReLU6FuncOptions& options) {
  return options.inplace() ? hardtanh_(input, 0, 6) : ballast::hardtanh(input, 0, 6);
}
Tensor silu(const Tensor& input, const SiLUFuncOptions& options) {
  return options.inplace() ? silu_(input) : ballast::silu(input);
}
Tensor mish(const Tensor& input, const MishFuncOptions& options) {
  return options.inplace() ? mish_(input) : ballast::mish(input);
}
Tensor selu(const Tensor& input, const SELUFuncOptions& options) {
  return options.inplace() ? selu_(input) : ballast::selu(input);
}
Tensor hardsigmoid(const Tensor& input, const HardsigmoidFuncOptions& options) {
  return options.inplace() ? hardsigmoid_(input) : ballast::hardsigmoid(input);
}
Tensor hardswish(const Tensor& input, const HardswishFuncOptions& options) {
  return options.inplace() ? hardswish_(input) : ballast::hardswish(input);
}
Tensor elu(const Tensor& input, const ELUFuncOptions& options) {
  const Scalar alpha = scalar(options.alpha());
  return options.inplace() ? elu_(input, alpha) : ballast::elu(input, alpha);
}
Tensor celu(const Tensor& input, const CELUFuncOptions& options) {
  const Scalar alpha = scalar(options.alpha());
  return options.inplace() ? celu_(input, alpha) : ballast::celu(input, alpha);
}
Tensor gelu(const Tensor& input, const GELUFuncOptions& options) {
  return ballast::gelu(input, options.approximate());
}
Tensor glu(const Tensor& input, const GLUFuncOptions& options) { return ballast::glu(input, options.dim()); }
Tensor hardshrink(const Tensor& input, const HardshrinkFuncOptions& options) {
  return ballast::hardshrink(input, scalar(options.lambda()));
}
Tensor softshrink(const Tensor& input, const SoftshrinkFuncOptions& options) {
  return ballast::softshrink(input, scalar(options.lambda()));
}
Tensor hardtanh(const Tensor& input, const HardtanhFuncOptions& options) {
  const Scalar min = scalar(options.min_val());
  const Scalar max = scalar(options.max_val());
  return options.inplace() ? hardtanh_(input, min, max) : ballast::hardtanh(input, min, max);
}
Tensor leaky_relu(const Tensor& input, const LeakyReLUFuncOptions& options) {
  const Scalar slope = scalar(options.negative_slope());
  return options.inplace() ? leaky_relu_(input, slope) : ballast::leaky_relu(input, slope);
}
Tensor softplus(const Tensor& input, const SoftplusFuncOptions& options) {
  return ballast::softplus(input, scalar(options.beta()), scalar(options.threshold()));
}
Tensor threshold(const Tensor& input, const ThresholdFuncOptions& options) {
  const Scalar limit = scalar(options.threshold());
  const Scalar value = scalar(options.value());
  return options.inplace() ? threshold_(input, limit, value) : ballast::threshold(input, limit, value);
}
Tensor logsigmoid(const Tensor& input) { return log_sigmoid(input); }
Tensor softsign(const Tensor& input) { return ballast::softsign(input); }
Tensor tanhshrink(const Tensor& input) { return ballast::tanhshrink(input); }
Tensor sigmoid(const Tensor& input) { return input.sigmoid(); }
Tensor tanh(const Tensor& input) { return input.tanh(); }
Tensor prelu(const Tensor& input, const Tensor& weight) { return ballast::prelu(input, weight); }
Tensor rrelu(const Tensor& input, const RReLUFuncOptions& options) {
  const double lower = options.lower();
  const double upper = options.upper();
  return options.inplace() ? rrelu_(input, lower, upper, options.training())
                           : ballast::rrelu(input, lower, upper, options.training());
}

namespace {

std::int64_t chosen_dim(const Tensor& input, const SoftmaxFuncOptions& options, const char* name) {
  if (options.dim()) return *options.dim();
  warn(fmt::format(
      "Implicit dimension choice for {} has been deprecated. Change the call to include dim=X as an "
      "argument.",
      name));
  return input.dim() == 0 || input.dim() == 1 || input.dim() == 3 ? 0 : 1;
}

}  // namespace

Tensor softmax(const Tensor& input, const SoftmaxFuncOptions& options) {
  return ballast::softmax(input, chosen_dim(input, options, "softmax"), options.dtype());
}
Tensor softmin(const Tensor& input, const SoftminFuncOptions& options) {
  return ballast::softmax(input.neg(), chosen_dim(input, options, "softmin"), options.dtype());
}
Tensor log_softmax(const Tensor& input, const LogSoftmaxFuncOptions& options) {
  return ballast::log_softmax(input, chosen_dim(input, options, "log_softmax"), options.dtype());
}

Tensor gumbel_softmax(const Tensor& logits, const GumbelSoftmaxFuncOptions& options) {
  const Tensor noise = empty_like(logits).exponential_().log().neg();
  Tensor soft = logits.add(noise).div(static_cast<double>(options.tau())).softmax(options.dim());
  if (!options.hard()) return soft;
  const Tensor index = soft.detach().argmax(options.dim(), true);
  const Tensor hard =
      scatter_add(zeros_like(soft), options.dim(), index, ones(index.sizes(), soft.options()));
  return hard.sub(soft.detach()).add(soft);
}

}  // namespace ballast::nn::functional
