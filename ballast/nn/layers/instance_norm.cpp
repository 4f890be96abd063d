#include "ballast/nn/layers/instance_norm.h"

#include <string>

#include "ballast/core/warning.h"
#include "ballast/nn/functional.h"

namespace ballast::nn {

void InstanceNormImplBase::before_load(LoadContext& context) {
  if (!context.version() && !options.track_running_stats()) {
    std::string found;
    for (const char* name : {"running_mean", "running_var"}) {
      if (!context.contains(name)) continue;
      found += (found.empty() ? "\"" : " and \"") + context.prefix() + name + "\"";
      context.mutable_state().erase(context.prefix() + name);
    }
    if (!found.empty()) {
      context.error(fmt::format(
          "Unexpected running stats buffer(s) {0} for {1} with track_running_stats=False. If state_dict is "
          "a checkpoint saved before 0.4.0, this may be expected because {1} does not track running stats "
          "by default since 0.4.0. Please remove these keys from state_dict. If the running stats are "
          "actually needed, instead set track_running_stats=True in {1} to enable them. See the "
          "documentation of {1} for details.",
          found, class_name()));
    }
  }
  NormImpl::before_load(context);
}

Tensor InstanceNormImplBase::normalise_samples(const Tensor& input, std::int64_t rank) {
  check<ValueError>(input.dim() == rank + 1 || input.dim() == rank + 2,
                    "expected {}D or {}D input (got {}D input)", rank + 1, rank + 2, input.dim());
  const std::int64_t at = input.dim() - rank - 1, channels = input.sizes()[static_cast<std::size_t>(at)];
  if (channels != options.num_features()) {
    check<ValueError>(!options.affine(),
                      "expected input's size at dim={} to match num_features ({}), but got: {}.", at,
                      options.num_features(), channels);
    warn(fmt::format(
        "input's size at dim={} does not match num_features. You can silence this warning by not passing in "
        "num_features, which is not used because affine=False",
        at));
  }
  const Tensor x = at == 0 ? input.unsqueeze(0) : input;
  const double momentum = options.momentum() ? static_cast<double>(*options.momentum()) : 0;
  const Tensor y =
      functional::instance_norm(x, functional::InstanceNormFuncOptions()
                                       .running_mean(running_mean)
                                       .running_var(running_var)
                                       .weight(weight)
                                       .bias(bias)
                                       .use_input_stats(is_training() || !options.track_running_stats())
                                       .momentum(momentum)
                                       .eps(options.eps()));
  return at == 0 ? y.squeeze(0) : y;
}

}  // namespace ballast::nn
