#include "ballast/optim/schedulers/step_lr.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "ballast/core/error.h"

namespace ballast::optim {

StepLR::StepLR(Optimizer& optimizer, unsigned step_size, double gamma, std::int64_t last_epoch)
    : EpochScheduler(optimizer, last_epoch), step_size_(step_size), gamma_(gamma) {
  check<ValueError>(step_size > 0, "StepLR needs a positive step_size");
  start();
}

std::vector<double> StepLR::get_lrs() {
  if (last_epoch() == 0 || last_epoch() % step_size_ != 0) return get_current_lrs();
  return changed_lrs([this](double lr) { return lr * gamma_; });
}

std::vector<StateField> StepLR::state_fields() {
  constexpr Bounds kSizes{1, std::numeric_limits<unsigned>::max()};
  return joined_fields({count_field("step_size", step_size_, kSizes), number_field("gamma", gamma_)},
                       EpochScheduler::state_fields());
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, const std::vector<std::int64_t>& milestones, double gamma,
                         std::int64_t last_epoch)
    : EpochScheduler(optimizer, last_epoch), gamma_(gamma) {
  for (const std::int64_t m : milestones) {
    const auto at = std::ranges::find(milestones_.counts, m, &std::pair<std::int64_t, std::int64_t>::first);
    if (at != milestones_.counts.end()) {
      ++at->second;
    } else {
      milestones_.counts.emplace_back(m, 1);
    }
  }
  start();
}

std::vector<double> MultiStepLR::get_lrs() {
  std::int64_t times = 0;
  for (const auto& [milestone, count] : milestones_.counts) {
    if (milestone == last_epoch()) times = count;
  }
  if (times == 0) return get_current_lrs();
  return changed_lrs([&](double lr) { return lr * std::pow(gamma_, static_cast<double>(times)); });
}

std::vector<double> MultiStepLR::first_lrs() {
  double passed = 0;
  for (const auto& [milestone, count] : milestones_.counts) {
    if (milestone <= 0) passed += static_cast<double>(count);
  }
  std::vector<double> out = base_lrs();
  for (double& lr : out) lr *= std::pow(gamma_, passed);
  return out;
}

std::vector<StateField> MultiStepLR::state_fields() {
  const auto take = [this](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
    const auto* const counts = v.get_if<SchedulerCounts>();
    // An empty one is written as a dict like any other.
    const auto* const none = v.get_if<SchedulerStateDict>();
    check<DTypeError>(counts != nullptr || (none != nullptr && none->entries.empty()),
                      "{} of the loaded state must be a Counter of ints", where);
    SchedulerCounts taken = counts != nullptr ? *counts : SchedulerCounts();
    for (const auto& [milestone, count] : taken.counts) {
      check<ValueError>(count >= 0, "{}[{}] of the loaded state must not be negative, but is {}", where,
                        milestone, count);
    }
    return [this, taken = std::move(taken)] { milestones_ = taken; };
  };
  return joined_fields(
      {{"milestones", [this] { return SchedulerValue(milestones_); }, take}, number_field("gamma", gamma_)},
      EpochScheduler::state_fields());
}

}  // namespace ballast::optim
