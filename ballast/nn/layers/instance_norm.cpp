#include "ballast/nn/layers/instance_norm.h"

#include <string>

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
          "Unexpected running stats buffer(s) {0} for {1} with track_running_stats=False. If state_dict is a "
          "checkpoint "
          "saved before 0.4.0, this may be expected because {1} does not track running stats by default "
          "since 0.4.0. "
          "Please remove these keys from state_dict. If the running stats are actually needed, instead set "
          "track_running_stats=True in {1} to enable them. See the documentation of {1} for details.",
          found, class_name()));
    }
  }
  NormImpl::before_load(context);
}

}  // namespace ballast::nn
