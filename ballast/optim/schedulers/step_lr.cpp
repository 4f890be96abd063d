#include "ballast/optim/schedulers/step_lr.h"

#include <algorithm>
#include <cmath>
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

MultiStepLR::MultiStepLR(Optimizer& optimizer, std::vector<std::int64_t> milestones, double gamma,
                         std::int64_t last_epoch)
    : EpochScheduler(optimizer, last_epoch), milestones_(std::move(milestones)), gamma_(gamma) {
  start();
}

std::vector<double> MultiStepLR::get_lrs() {
  const auto times = std::ranges::count(milestones_, last_epoch());
  if (times == 0) return get_current_lrs();
  return changed_lrs([&](double lr) { return lr * std::pow(gamma_, static_cast<double>(times)); });
}

std::vector<double> MultiStepLR::first_lrs() {
  const auto passed = std::ranges::count_if(milestones_, [](std::int64_t m) { return m <= 0; });
  std::vector<double> out = base_lrs();
  for (double& lr : out) lr *= std::pow(gamma_, static_cast<double>(passed));
  return out;
}

}  // namespace ballast::optim
