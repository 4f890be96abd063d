#include "ballast/nn/layers/adaptive_softmax.h"

#include <algorithm>
#include <cmath>

#include "ballast/nn/containers/sequential.h"

namespace ballast::nn {

AdaptiveLogSoftmaxWithLossImpl::AdaptiveLogSoftmaxWithLossImpl(
    const AdaptiveLogSoftmaxWithLossOptions& options_)
    : options(options_) {
  AdaptiveLogSoftmaxWithLossImpl::reset();
}

void AdaptiveLogSoftmaxWithLossImpl::reset() {
  std::vector<std::int64_t> ends = options.cutoffs();
  check<ValueError>(!ends.empty(), "cutoffs should be a sequence of length larger than 0");
  const bool increasing = std::ranges::adjacent_find(ends, std::greater_equal<>()) == ends.end();
  check<ValueError>(
      increasing && ends.front() > 0 && ends.back() <= options.n_classes() - 1,
      "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
      "value is between 1 and n_classes-1");
  ends.push_back(options.n_classes());
  const std::int64_t in = options.in_features();
  const std::int64_t clusters = static_cast<std::int64_t>(ends.size()) - 1;
  bind_module("head", head, Linear(LinearOptions(in, ends[0] + clusters).bias(options.head_bias())));

  ModuleList projections;
  for (std::int64_t i = 0; i < clusters; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double divisor = std::pow(static_cast<double>(options.div_value()), static_cast<double>(i + 1));
    const double quotient = std::floor(static_cast<double>(in) / divisor);
    check<ValueError>(std::abs(quotient) < 0x1p63,
                      "div_value ({}) to the power of {} divides in_features ({}) into {} features",
                      static_cast<double>(options.div_value()), i + 1, in, quotient);
    const auto features = static_cast<std::int64_t>(quotient);
    const Linear narrow(LinearOptions(in, features).bias(false));
    const Linear widen(LinearOptions(features, ends[at + 1] - ends[at]).bias(false));
    projections->push_back(Sequential(narrow, widen));
  }
  bind_module("tail", tail, projections);
}

void AdaptiveLogSoftmaxWithLossImpl::reset_parameters() {
  head->reset_parameters();
  for (const auto& module : tail->modules(false)) {
    if (auto* linear = module->as<Linear>()) linear->reset_parameters();
  }
}

}  // namespace ballast::nn
