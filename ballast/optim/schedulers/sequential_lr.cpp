#include "ballast/optim/schedulers/sequential_lr.h"

#include <algorithm>
#include <cstddef>
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
  ++step_count_;
}

}  // namespace ballast::optim
