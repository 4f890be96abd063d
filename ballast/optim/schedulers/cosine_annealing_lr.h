// A rate that falls along half a cosine from where it started to eta_min in T_max epochs, and then rises
// again (Loshchilov & Hutter 2017, without their restarts).
//
//   CosineAnnealingLR(sgd, 100);
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/optim/schedulers/lr_scheduler.h"

namespace ballast::optim {

class CosineAnnealingLR : public EpochScheduler {
 public:
  /// ValueError unless T_max is positive.
  CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, double eta_min = 0,
                    std::int64_t last_epoch = -1);

 protected:
  std::vector<double> get_lrs() override;
  std::vector<double> first_lrs() override;
  [[nodiscard]] std::vector<StateField> state_fields() override;

 private:
  std::int64_t T_max_;
  double eta_min_;
};

}  // namespace ballast::optim
