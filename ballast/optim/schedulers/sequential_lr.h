// Several schedules, one after another: the next takes over at each milestone, from where the rate started.
//
//   auto warm_up = std::make_shared<LinearLR>(sgd, 0.1, 1.0, 5);
//   auto cosine = std::make_shared<CosineAnnealingLR>(sgd, 95);
//   SequentialLR schedule(sgd, {warm_up, cosine}, {5});
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ballast/optim/schedulers/lr_scheduler.h"

namespace ballast::optim {

class SequentialLR : public LRScheduler {
 public:
  /// ValueError unless there is one schedule more than milestones, all of this optimiser.
  SequentialLR(Optimizer& optimizer, std::vector<std::shared_ptr<EpochScheduler>> schedulers,
               std::vector<std::int64_t> milestones);
  void step() override;
  [[nodiscard]] std::int64_t last_epoch() const noexcept { return last_epoch_; }

 protected:
  std::vector<double> get_lrs() override { return get_current_lrs(); }
  /// Its own epoch and milestones, and the states of its schedules.
  [[nodiscard]] std::vector<StateField> state_fields() override;

 private:
  /// The number of milestones that have been reached.
  [[nodiscard]] std::size_t current() const;

  std::vector<std::shared_ptr<EpochScheduler>> schedulers_;
  std::vector<std::int64_t> milestones_;
  std::int64_t last_epoch_ = 0;
};

}  // namespace ballast::optim
