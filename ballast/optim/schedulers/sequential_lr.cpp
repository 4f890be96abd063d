#include "ballast/optim/schedulers/sequential_lr.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "ballast/core/error.h"

namespace ballast::optim {

SequentialLR::SequentialLR(Optimizer& optimizer, std::vector<std::shared_ptr<EpochScheduler>> schedulers,
                           std::vector<std::int64_t> milestones)
    : LRScheduler(optimizer), schedulers_(std::move(schedulers)), milestones_(std::move(milestones)) {
  check<ValueError>(!schedulers_.empty(),
                    "SequentialLR expects at least one scheduler, but got no scheduler.");
  for (std::size_t i = 0; i < schedulers_.size(); ++i) {
    check<ValueError>(schedulers_[i] != nullptr && &schedulers_[i]->optimizer() == &optimizer,
                      "SequentialLR expects all schedulers to belong to the same optimizer, but the one at "
                      "index {} does not",
                      i);
  }
  check<ValueError>(milestones_.size() == schedulers_.size() - 1,
                    "Sequential Schedulers expects number of schedulers provided to be one more than the "
                    "number of milestone points, but got number of schedulers {} and the number of "
                    "milestones to be equal to {}",
                    schedulers_.size(), milestones_.size());
  check<ValueError>(std::ranges::is_sorted(milestones_),
                    "SequentialLR expects its milestones in increasing order");
  // Each schedule has set the rates of its epoch 0 as it was made: take that back, and let the first one do
  // it again.
  set_lrs(schedulers_.front()->base_lrs_);
  for (const auto& s : schedulers_) --s->last_epoch_;
  schedulers_[current()]->start();
  last_lrs_ = schedulers_[current()]->get_last_lr();
}

std::size_t SequentialLR::current() const {
  return static_cast<std::size_t>(std::ranges::upper_bound(milestones_, last_epoch_) - milestones_.begin());
}

void SequentialLR::step() {
  ++last_epoch_;
  const std::size_t i = current();
  if (i > 0 && milestones_[i - 1] == last_epoch_) {
    schedulers_[i]->restart();
  } else {
    schedulers_[i]->step();
  }
  last_lrs_ = schedulers_[i]->get_last_lr();
  ++step_count_;
}

std::vector<StateField> SequentialLR::state_fields() {
  const auto save_milestones = [this] {
    SchedulerList out;
    for (const std::int64_t m : milestones_) out.items.emplace_back(m);
    return SchedulerValue(out);
  };
  const auto take_milestones = [this](const SchedulerValue& v,
                                      const std::string& where) -> std::function<void()> {
    std::vector<std::int64_t> taken;
    for (const SchedulerValue& m : taken_items(v, where)) {
      taken.push_back(taken_count(m, where, {-kMostEpochs, kMostEpochs}));
    }
    check<ValueError>(taken.size() == milestones_.size() && std::ranges::is_sorted(taken),
                      "{} of the loaded state must be {} numbers in increasing order", where,
                      milestones_.size());
    return [this, taken = std::move(taken)] { milestones_ = taken; };
  };
  const auto save_parts = [this] {
    SchedulerList out;
    for (const auto& s : schedulers_) out.items.emplace_back(s->state_dict());
    return SchedulerValue(out);
  };
  const auto take_parts = [this](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
    const std::vector<SchedulerValue>& items = taken_items(v, where);
    check<ValueError>(items.size() == schedulers_.size(),
                      "{} of the loaded state has {} schedules, but this one {}", where, items.size(),
                      schedulers_.size());
    std::vector<std::function<void()>> steps;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", where, i);
      steps.push_back(take_fields(schedulers_[i]->state_fields(), taken_dict(items[i], at), at));
    }
    return [steps = std::move(steps)] {
      for (const auto& step : steps) step();
    };
  };
  return {{"_milestones", save_milestones, take_milestones},
          count_field("last_epoch", last_epoch_, {-1, kMostEpochs}),
          optional_field(numbers_field("_last_lr", last_lrs_, optimizer_->param_groups().size())),
          {"_schedulers", save_parts, take_parts}};
}

}  // namespace ballast::optim
