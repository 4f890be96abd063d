#include "ballast/optim/schedulers/lambda_lr.h"

#include <cstddef>
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

}  // namespace ballast::optim
