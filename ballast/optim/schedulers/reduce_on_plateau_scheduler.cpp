#include "ballast/optim/schedulers/reduce_on_plateau_scheduler.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "ballast/core/error.h"
#include "ballast/core/warning.h"

namespace ballast::optim {

ReduceLROnPlateauScheduler::ReduceLROnPlateauScheduler(Optimizer& optimizer, SchedulerMode mode,
                                                       double factor, int patience, double threshold,
                                                       ThresholdMode threshold_mode, int cooldown,
                                                       std::vector<double> min_lr, double eps, bool verbose)
    : optimizer_(&optimizer),
      mode_(mode),
      threshold_mode_(threshold_mode),
      factor_(factor),
      threshold_(threshold),
      eps_(eps),
      patience_(patience),
      cooldown_(cooldown),
      min_lrs_(std::move(min_lr)),
      verbose_(verbose),
      best_(mode == min ? std::numeric_limits<double>::infinity()
                        : -std::numeric_limits<double>::infinity()) {
  check<ValueError>(factor < 1, "Factor should be < 1.0.");
  if (min_lrs_.empty()) min_lrs_ = {0};
  check<ValueError>(min_lrs_.size() == 1 || min_lrs_.size() == optimizer.param_groups().size(),
                    "expected {} min_lrs, got {}", optimizer.param_groups().size(), min_lrs_.size());
}

bool ReduceLROnPlateauScheduler::is_better(double metric) const {
  if (mode_ == min)
    return metric < (threshold_mode_ == rel ? best_ * (1.0 - threshold_) : best_ - threshold_);
  return metric > (threshold_mode_ == rel ? best_ * (threshold_ + 1.0) : best_ + threshold_);
}

void ReduceLROnPlateauScheduler::step(double metric) {
  ++epoch_;
  if (is_better(metric)) {
    best_ = metric;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooling_ > 0) {
    --cooling_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ > patience_) {
    reduce();
    cooling_ = cooldown_;
    bad_epochs_ = 0;
  }
}

void ReduceLROnPlateauScheduler::reduce() {
  std::vector<OptimizerParamGroup>& groups = optimizer_->param_groups();
  check<ValueError>(min_lrs_.size() == 1 || min_lrs_.size() == groups.size(),
                    "The number of param groups in the `optimizer` ({}) differs from when "
                    "`ReduceLROnPlateau` was initialized ({})",
                    groups.size(), min_lrs_.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const double old_lr = groups[i].options().get_lr();
    const double new_lr = std::max(old_lr * factor_, min_lrs_[min_lrs_.size() == 1 ? 0 : i]);
    if (!(old_lr - new_lr > eps_)) continue;
    groups[i].options().set_lr(new_lr);
    if (verbose_)
      warn(fmt::format("Epoch {}: reducing learning rate of group {} to {:.4e}.", epoch_, i, new_lr));
  }
}

}  // namespace ballast::optim
