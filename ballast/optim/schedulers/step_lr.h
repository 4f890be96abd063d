// Rates that fall at certain epochs.
//
//   StepLR(sgd, 30, 0.1);                       // a tenth every 30 epochs
//   MultiStepLR(sgd, {60, 80}, 0.1);            // a tenth at epoch 60, and again at 80
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/optim/schedulers/lr_scheduler.h"

namespace ballast::optim {

class StepLR : public EpochScheduler {
 public:
  /// ValueError for a step_size of 0.
  StepLR(Optimizer& optimizer, unsigned step_size, double gamma = 0.1, std::int64_t last_epoch = -1);

 protected:
  std::vector<double> get_lrs() override;
  std::vector<double> first_lrs() override { return base_lrs(); }
  [[nodiscard]] std::vector<StateField> state_fields() override;

 private:
  unsigned step_size_;
  double gamma_;
};

class MultiStepLR : public EpochScheduler {
 public:
  /// An epoch that stands among the milestones twice counts twice.
  MultiStepLR(Optimizer& optimizer, const std::vector<std::int64_t>& milestones, double gamma = 0.1,
              std::int64_t last_epoch = -1);

 protected:
  std::vector<double> get_lrs() override;
  std::vector<double> first_lrs() override;
  [[nodiscard]] std::vector<StateField> state_fields() override;

 private:
  SchedulerCounts milestones_;
  double gamma_;
};

}  // namespace ballast::optim
