// A rate that goes from one part of where it started to another, in a straight line: to warm up, or to fade
// out.
//
//   LinearLR(sgd, 0.1, 1.0, 5);                 // from a tenth to all of it in 5 epochs
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/optim/schedulers/lr_scheduler.h"

namespace ballast::optim {

class LinearLR : public EpochScheduler {
 public:
  /// ValueError for factors outside (0, 1] and [0, 1].
  explicit LinearLR(Optimizer& optimizer, double start_factor = 1.0 / 3, double end_factor = 1.0,
                    std::int64_t total_iters = 5, std::int64_t last_epoch = -1);

 protected:
  std::vector<double> get_lrs() override;
  std::vector<double> first_lrs() override;
  [[nodiscard]] std::vector<StateField> state_fields() override;

 private:
  double start_factor_, end_factor_;
  std::int64_t total_iters_;
};

}  // namespace ballast::optim
