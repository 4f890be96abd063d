#include "ballast/optim/schedulers/lr_scheduler.h"

#include <cstddef>
#include <limits>
#include <variant>

#include "ballast/core/error.h"

namespace ballast::optim {

void LRScheduler::step() {
  set_lrs(get_lrs());
  ++step_count_;
}

std::vector<double> LRScheduler::get_current_lrs() const {
  std::vector<double> out;
  for (const OptimizerParamGroup& g : optimizer_->param_groups()) out.push_back(g.options().get_lr());
  return out;
}

void LRScheduler::set_lrs(const std::vector<double>& lrs) {
  std::vector<OptimizerParamGroup>& groups = optimizer_->param_groups();
  check<ValueError>(lrs.size() == groups.size(),
                    "the schedule gives {} learning rates for {} parameter groups", lrs.size(),
                    groups.size());
  for (std::size_t i = 0; i < lrs.size(); ++i) groups[i].options().set_lr(lrs[i]);
  last_lrs_ = lrs;
}

std::vector<StateField> LRScheduler::state_fields() {
  constexpr Bounds kCounts{0, std::numeric_limits<unsigned>::max()};
  const std::size_t groups = optimizer_->param_groups().size();
  StateField last = numbers_field("_last_lr", last_lrs_, groups);
  last.save = [this] { return number_list(get_last_lr()); };
  return {optional_field(count_field("_step_count", step_count_, kCounts)), fixed_field("_is_initial", false),
          fixed_field("_get_lr_called_within_step", false), optional_field(std::move(last))};
}

EpochScheduler::EpochScheduler(Optimizer& optimizer, std::int64_t last_epoch)
    : LRScheduler(optimizer), last_epoch_(last_epoch) {
  for (std::size_t i = 0; i < optimizer.param_groups().size(); ++i) {
    OptimizerParamGroup& g = optimizer.param_groups()[i];
    const bool there = g.extras().contains("initial_lr");
    check<KeyError>(there || last_epoch < 0,
                    "param 'initial_lr' is not specified in param_groups[{}] when resuming scheduler with "
                    "last_epoch >= 0",
                    i);
    if (!there) g.extras().insert("initial_lr", g.options().get_lr());
  }
  read_base_lrs();
}

void EpochScheduler::read_base_lrs() {
  base_lrs_.clear();
  for (OptimizerParamGroup& g : optimizer_->param_groups()) {
    double base = 0;
    write_field({"initial_lr", &base}, g.extras()["initial_lr"]);
    base_lrs_.push_back(base);
  }
}

void EpochScheduler::start() {
  initial_ = true;
  step_count_ = 0;
  EpochScheduler::step();
  initial_ = false;
}

void EpochScheduler::step() {
  ++last_epoch_;
  LRScheduler::step();
}

std::vector<StateField> EpochScheduler::state_fields() {
  return joined_fields({numbers_field("base_lrs", base_lrs_, optimizer_->param_groups().size()),
                        count_field("last_epoch", last_epoch_, {-1, kMostEpochs})},
                       LRScheduler::state_fields());
}

void EpochScheduler::restart() {
  last_epoch_ = 0;
  set_lrs(first_lrs());
}

}  // namespace ballast::optim
