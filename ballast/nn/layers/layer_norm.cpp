#include "ballast/nn/layers/layer_norm.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"

namespace ballast::nn {

LayerNormImpl::LayerNormImpl(const LayerNormOptions& options_) : options(options_) { LayerNormImpl::reset(); }

void LayerNormImpl::reset() {
  const bool affine = options.elementwise_affine();
  const std::vector<std::int64_t>& shape = options.normalized_shape();
  bind_parameter("weight", weight, affine ? ballast::empty(shape) : Tensor());
  bind_parameter("bias", bias, affine && options.bias() ? ballast::empty(shape) : Tensor());
  reset_parameters();
}

void LayerNormImpl::reset_parameters() {
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

Tensor LayerNormImpl::forward(const Tensor& input) {
  const std::vector<std::int64_t>& shape = options.normalized_shape();
  return functional::layer_norm(
      input, functional::LayerNormFuncOptions(shape).weight(weight).bias(bias).eps(options.eps()));
}

std::string LayerNormImpl::extra_repr() const {
  return ExtraRepr()
      .add(static_cast<const std::vector<std::int64_t>&>(options.normalized_shape()))
      .add("eps", options.eps())
      .add("elementwise_affine", options.elementwise_affine())
      .add("bias", bias.defined());
}

RMSNormImpl::RMSNormImpl(const RMSNormOptions& options_) : options(options_) { RMSNormImpl::reset(); }

void RMSNormImpl::reset() {
  const std::vector<std::int64_t>& shape = options.normalized_shape();
  bind_parameter("weight", weight, options.elementwise_affine() ? ballast::empty(shape) : Tensor());
  reset_parameters();
}

void RMSNormImpl::reset_parameters() {
  if (weight.defined()) init::ones_(weight);
}

Tensor RMSNormImpl::forward(const Tensor& input) {
  const std::vector<std::int64_t>& shape = options.normalized_shape();
  functional::RMSNormFuncOptions how(shape);
  if (options.eps()) how.eps(static_cast<double>(*options.eps()));
  return functional::rms_norm(input, how.weight(weight));
}

std::string RMSNormImpl::extra_repr() const {
  return ExtraRepr()
      .add(static_cast<const std::vector<std::int64_t>&>(options.normalized_shape()))
      .add("eps", options.eps())
      .add("elementwise_affine", options.elementwise_affine());
}

}  // namespace ballast::nn
