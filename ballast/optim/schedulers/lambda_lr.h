// A rate that is a function of the epoch, times where it started.
//
//   LambdaLR(sgd, [](std::int64_t epoch) { return 1.0 / (1 + epoch); });
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ballast/optim/schedulers/lr_scheduler.h"

namespace ballast::optim {

class LambdaLR : public EpochScheduler {
 public:
  using Function = std::function<double(std::int64_t epoch)>;

  LambdaLR(Optimizer& optimizer, const Function& lr_lambda, std::int64_t last_epoch = -1);
  /// One for each group. ValueError "Expected 2 lr_lambdas, but got 1".
  LambdaLR(Optimizer& optimizer, std::vector<Function> lr_lambdas, std::int64_t last_epoch = -1);

 protected:
  std::vector<double> get_lrs() override;
  /// The functions are not saved: PyTorch's None stands in their place. ValueError for a state that has what belongs to a
  /// callable object of Python's.
  [[nodiscard]] std::vector<StateField> state_fields() override;

 private:
  std::vector<Function> lambdas_;
};

}  // namespace ballast::optim
