#include "ballast/optim/schedulers/linear_lr.h"

#include "ballast/core/error.h"

namespace ballast::optim {

LinearLR::LinearLR(Optimizer& optimizer, double start_factor, double end_factor, std::int64_t total_iters,
                   std::int64_t last_epoch)
    : EpochScheduler(optimizer, last_epoch),
      start_factor_(start_factor),
      end_factor_(end_factor),
      total_iters_(total_iters) {
  check<ValueError>(start_factor > 0 && start_factor <= 1,
                    "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.");
  check<ValueError>(end_factor >= 0 && end_factor <= 1,
                    "Ending multiplicative factor expected to be between 0 and 1.");
  start();
}

std::vector<double> LinearLR::get_lrs() {
  if (last_epoch() == 0) return changed_lrs([this](double lr) { return lr * start_factor_; });
  if (is_initial() || last_epoch() > total_iters_) return get_current_lrs();
  const double rise = end_factor_ - start_factor_;
  const double before =
      static_cast<double>(total_iters_) * start_factor_ + static_cast<double>(last_epoch() - 1) * rise;
  return changed_lrs([&](double lr) { return lr * (1.0 + rise / before); });
}

std::vector<StateField> LinearLR::state_fields() {
  return joined_fields({number_field("start_factor", start_factor_), number_field("end_factor", end_factor_),
                        count_field("total_iters", total_iters_, {-kMostEpochs, kMostEpochs})},
                       EpochScheduler::state_fields());
}

std::vector<double> LinearLR::first_lrs() {
  std::vector<double> out = base_lrs();
  for (double& lr : out) lr *= start_factor_;
  return out;
}

}  // namespace ballast::optim
