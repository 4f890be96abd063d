// A rate that falls by the same factor in each epoch.
//
//   ExponentialLR(sgd, 0.95);
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/optim/schedulers/lr_scheduler.h"

namespace ballast::optim {

class ExponentialLR : public EpochScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, double gamma, std::int64_t last_epoch = -1)
      : EpochScheduler(optimizer, last_epoch), gamma_(gamma) {
    start();
  }

 protected:
  std::vector<double> get_lrs() override {
    return is_initial() ? get_current_lrs() : changed_lrs([this](double lr) { return lr * gamma_; });
  }
  std::vector<double> first_lrs() override { return base_lrs(); }
  [[nodiscard]] std::vector<StateField> state_fields() override {
    return joined_fields({number_field("gamma", gamma_)}, EpochScheduler::state_fields());
  }

 private:
  double gamma_;
};

}  // namespace ballast::optim
