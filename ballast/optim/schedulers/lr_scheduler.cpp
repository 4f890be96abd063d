#include "ballast/optim/schedulers/lr_scheduler.h"

#include <cstddef>
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

void LRScheduler::set_lrs(const std::vector<double>& lrs) const {
  std::vector<OptimizerParamGroup>& groups = optimizer_->param_groups();
  check<ValueError>(lrs.size() == groups.size(),
                    "the schedule gives {} learning rates for {} parameter groups", lrs.size(),
                    groups.size());
  for (std::size_t i = 0; i < lrs.size(); ++i) groups[i].options().set_lr(lrs[i]);
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

void EpochScheduler::restart() {
  last_epoch_ = 0;
  set_lrs(first_lrs());
}

}  // namespace ballast::optim
