// One rise and one fall of the rate over a whole training, with the momentum going the other way (Smith &
// Topin 2018). It is stepped after each batch.
//
//   OneCycleLR schedule(sgd, {.max_lr = {0.5}, .total_steps = epochs * batches});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ballast/optim/schedulers/lr_scheduler.h"

namespace ballast::optim {

struct OneCycleLROptions {
  std::vector<double> max_lr;               ///< one for all groups, or one for each
  std::optional<std::int64_t> total_steps;  ///< or the two that follow
  std::optional<std::int64_t> epochs = std::nullopt;
  std::optional<std::int64_t> steps_per_epoch = std::nullopt;
  double pct_start = 0.3;               ///< the part of the steps in which the rate rises
  std::string anneal_strategy = "cos";  ///< or "linear"
  bool cycle_momentum = true;           ///< `momentum`, or the first beta, whichever the optimiser has
  std::vector<double> base_momentum = {0.85};
  std::vector<double> max_momentum = {0.95};
  double div_factor = 25;         ///< the first rate is max_lr / div_factor
  double final_div_factor = 1e4;  ///< the last is the first / final_div_factor
  bool three_phase = false;       ///< falls to the first rate as fast as it rose, and then to the last
  std::int64_t last_epoch = -1;
};

class OneCycleLR : public EpochScheduler {
 public:
  /// ValueError, with PyTorch's texts, for what makes no sense.
  OneCycleLR(Optimizer& optimizer, OneCycleLROptions options);

 protected:
  /// ValueError "Tried to step 61 times. The specified number of total steps is 60".
  std::vector<double> get_lrs() override;
  [[nodiscard]] std::vector<StateField> state_fields() override;

 private:
  struct Phase {
    double end_step;
    const char *start_lr, *end_lr, *start_momentum, *end_momentum;  // names of what a group keeps
  };
  [[nodiscard]] SchedulerValue saved_phases() const;
  static std::vector<Phase> phases_of(const SchedulerValue& v, const std::string& where);
  void set_momentum(OptimizerParamGroup& group, double value) const;
  [[nodiscard]] double between(double from, double to, double part) const;

  std::vector<Phase> phases_;
  std::int64_t total_steps_ = 0;
  bool cosine_, cycle_momentum_;
};

}  // namespace ballast::optim
