#include "ballast/optim/schedulers/lambda_lr.h"

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "ballast/core/error.h"

namespace ballast::optim {

LambdaLR::LambdaLR(Optimizer& optimizer, const Function& lr_lambda, std::int64_t last_epoch)
    : LambdaLR(optimizer, std::vector<Function>(optimizer.param_groups().size(), lr_lambda), last_epoch) {}

LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<Function> lr_lambdas, std::int64_t last_epoch)
    : EpochScheduler(optimizer, last_epoch), lambdas_(std::move(lr_lambdas)) {
  check<ValueError>(lambdas_.size() == optimizer.param_groups().size(), "Expected {} lr_lambdas, but got {}",
                    optimizer.param_groups().size(), lambdas_.size());
  start();
}

std::vector<double> LambdaLR::get_lrs() {
  std::vector<double> out = base_lrs();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] *= lambdas_.at(i)(last_epoch());
  return out;
}

std::vector<StateField> LambdaLR::state_fields() {
  const auto save = [this] {
    return SchedulerValue(SchedulerList{std::vector<SchedulerValue>(lambdas_.size())});
  };
  const auto take = [this](const SchedulerValue& v, const std::string& where) -> std::function<void()> {
    const std::vector<SchedulerValue>& items = taken_items(v, where);
    check<ValueError>(items.size() == lambdas_.size(),
                      "{} of the loaded state has {} functions, but the schedule {}", where, items.size(),
                      lambdas_.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      check<ValueError>(
          items[i].index() == 0,
          "{}[{}] of the loaded state holds what belongs to a callable object of Python's, which no "
          "function here can take",
          where, i);
    }
    return [] {};
  };
  return joined_fields(EpochScheduler::state_fields(), {{"lr_lambdas", save, take}});
}

}  // namespace ballast::optim
