#include "ballast/optim/schedulers/cosine_annealing_lr.h"

#include <cmath>
#include <cstddef>
#include <numbers>

#include "ballast/core/error.h"

namespace ballast::optim {

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, double eta_min,
                                     std::int64_t last_epoch)
    : EpochScheduler(optimizer, last_epoch), T_max_(T_max), eta_min_(eta_min) {
  check<ValueError>(T_max > 0, "CosineAnnealingLR needs a positive T_max, but got {}", T_max);
  start();
}

// Each rate comes from the one before, as in PyTorch: other schedules may change it on the way.
std::vector<double> CosineAnnealingLR::get_lrs() {
  if (is_initial()) return get_current_lrs();
  const auto length = static_cast<double>(T_max_);
  const auto epoch = static_cast<double>(last_epoch());
  if ((last_epoch() - 1 - T_max_) % (2 * T_max_) == 0) {
    // At the lowest point, where a quotient of rates says nothing.
    std::vector<double> out = get_current_lrs();
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = out[i] + (base_lrs()[i] - eta_min_) * (1 - std::cos(std::numbers::pi / length)) / 2;
    }
    return out;
  }
  const double now = 1 + std::cos(std::numbers::pi * epoch / length);
  const double before = 1 + std::cos(std::numbers::pi * (epoch - 1) / length);
  return changed_lrs([&](double lr) { return now / before * (lr - eta_min_) + eta_min_; });
}

std::vector<StateField> CosineAnnealingLR::state_fields() {
  return joined_fields({count_field("T_max", T_max_, {1, kMostEpochs}), number_field("eta_min", eta_min_)},
                       EpochScheduler::state_fields());
}

std::vector<double> CosineAnnealingLR::first_lrs() {
  std::vector<double> out = base_lrs();
  for (double& lr : out) lr = eta_min_ + (lr - eta_min_) * (1 + std::cos(0.0)) / 2;
  return out;
}

}  // namespace ballast::optim
