#include "ballast/optim/schedulers/reduce_on_plateau_scheduler.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "ballast/core/error.h"
#include "ballast/core/warning.h"

namespace ballast::optim {

namespace {

std::vector<double> current_lrs(const Optimizer& optimizer) {
  std::vector<double> out;
  for (const OptimizerParamGroup& g : optimizer.param_groups()) out.push_back(g.options().get_lr());
  return out;
}

/// A number or None.
StateField default_field(const char* name, std::optional<double>& place) {
  return {name, [&place] { return place ? SchedulerValue(*place) : SchedulerValue(); },
          [&place](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
            std::optional<double> taken;
            if (v.index() != 0) taken = taken_number(v, where);
            return [&place, taken] { place = taken; };
          }};
}

/// A text that stands for one of two values.
template <class E>
StateField choice_field(const char* name, E& place, std::pair<const char*, E> one,
                        std::pair<const char*, E> other) {
  return {name,
          [=, &place] { return SchedulerValue(std::string(place == one.second ? one.first : other.first)); },
          [=, &place](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
            const std::string& text = taken_text(v, where);
            check<ValueError>(text == one.first || text == other.first,
                              "{} of the loaded state must be '{}' or '{}', but is '{}'", where, one.first,
                              other.first, text);
            return [&place, taken = text == one.first ? one.second : other.second] { place = taken; };
          }};
}

}  // namespace

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
  const std::size_t groups = optimizer.param_groups().size();
  if (min_lrs_.size() <= 1) {
    default_min_lr_ = min_lrs_.empty() ? 0 : min_lrs_.front();
    min_lrs_.assign(groups, *default_min_lr_);
  }
  check<ValueError>(min_lrs_.size() == groups, "expected {} min_lrs, got {}", groups, min_lrs_.size());
  last_lrs_ = current_lrs(optimizer);
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
  last_lrs_ = current_lrs(*optimizer_);
}

void ReduceLROnPlateauScheduler::reduce() {
  std::vector<OptimizerParamGroup>& groups = optimizer_->param_groups();
  if (default_min_lr_ && min_lrs_.size() != groups.size()) min_lrs_.assign(groups.size(), *default_min_lr_);
  check<ValueError>(min_lrs_.size() == groups.size(),
                    "The number of param groups in the `optimizer` ({}) differs from when "
                    "`ReduceLROnPlateau` was initialized ({})",
                    groups.size(), min_lrs_.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const double old_lr = groups[i].options().get_lr();
    const double new_lr = std::max(old_lr * factor_, min_lrs_[i]);
    if (!(old_lr - new_lr > eps_)) continue;
    groups[i].options().set_lr(new_lr);
    if (verbose_)
      warn(fmt::format("Epoch {}: reducing learning rate of group {} to {:.4e}.", epoch_, i, new_lr));
  }
}

std::vector<StateField> ReduceLROnPlateauScheduler::state_fields() {
  constexpr Bounds kInts{0, std::numeric_limits<int>::max() - 1};
  const std::size_t groups = optimizer_->param_groups().size();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {number_field("factor", factor_),
          default_field("default_min_lr", default_min_lr_),
          numbers_field("min_lrs", min_lrs_, groups),
          count_field("patience", patience_, kInts),
          count_field("cooldown", cooldown_, kInts),
          number_field("eps", eps_),
          count_field("last_epoch", epoch_, {0, kMostEpochs}),
          optional_field(numbers_field("_last_lr", last_lrs_, groups)),
          fixed_field("mode_worse", mode_ == min ? kInfinity : -kInfinity),
          choice_field<SchedulerMode>("mode", mode_, {"min", min}, {"max", max}),
          number_field("threshold", threshold_),
          choice_field<ThresholdMode>("threshold_mode", threshold_mode_, {"rel", rel}, {"abs", abs}),
          number_field("best", best_),
          count_field("cooldown_counter", cooling_, kInts),
          count_field("num_bad_epochs", bad_epochs_, kInts)};
}

}  // namespace ballast::optim
