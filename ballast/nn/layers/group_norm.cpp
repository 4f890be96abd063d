#include "ballast/nn/layers/group_norm.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"
#include "ballast/ops/normalization.h"

namespace ballast::nn {

GroupNormImpl::GroupNormImpl(const GroupNormOptions& options_) : options(options_) { GroupNormImpl::reset(); }

void GroupNormImpl::reset() {
  const std::int64_t groups = options.num_groups(), channels = options.num_channels();
  check<ValueError>(groups != 0 && channels % groups == 0,
                    "num_channels ({}) must be divisible by num_groups ({})", channels, groups);
  bind_parameter("weight", weight, options.affine() ? empty(channels) : Tensor());
  bind_parameter("bias", bias, options.affine() && options.bias() ? empty(channels) : Tensor());
  reset_parameters();
}

void GroupNormImpl::reset_parameters() {
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

Tensor GroupNormImpl::forward(const Tensor& input) {
  return functional::group_norm(
      input,
      functional::GroupNormFuncOptions(options.num_groups()).weight(weight).bias(bias).eps(options.eps()));
}

Tensor LocalResponseNormImpl::forward(const Tensor& input) {
  return functional::local_response_norm(input, options);
}

Tensor CrossMapLRN2dImpl::forward(const Tensor& input) {
  check<ShapeError>(input.dim() == 4, "CrossMapLRN2d: Expected input to be 4D, got {}D instead.",
                    input.dim());
  return local_response_norm(input, options.size(), options.alpha(), options.beta(), options.k(), true);
}

std::string GroupNormImpl::extra_repr() const {
  return ExtraRepr()
      .add(options.num_groups())
      .add(options.num_channels())
      .add("eps", options.eps())
      .add("affine", options.affine())
      .add("bias", bias.defined());
}

namespace {
template <class Options>
std::string response_norm_repr(const Options& options) {
  return ExtraRepr()
      .add(options.size())
      .add("alpha", options.alpha())
      .add("beta", options.beta())
      .add("k", options.k());
}
}  // namespace

std::string LocalResponseNormImpl::extra_repr() const { return response_norm_repr(options); }
std::string CrossMapLRN2dImpl::extra_repr() const { return response_norm_repr(options); }

}  // namespace ballast::nn
