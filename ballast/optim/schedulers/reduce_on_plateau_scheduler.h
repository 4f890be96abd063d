// A rate that falls when a measure has stopped getting better.
//
//   ReduceLROnPlateau schedule(sgd, ReduceLROnPlateau::min, 0.1, 10);
//   schedule.step(validation_loss);
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "ballast/core/scheduler_state.h"
#include "ballast/optim/optimizer.h"
#include "ballast/optim/schedulers/state_fields.h"

namespace ballast::optim {

class ReduceLROnPlateauScheduler {
 public:
  enum SchedulerMode { min, max };  ///< whether the measure is to become small or large
  enum ThresholdMode { rel, abs };  ///< whether the threshold is a part of the best measure, or a difference

  /// After `patience` epochs without an improvement by `threshold`, multiplies each rate by `factor`, but not
  /// below `min_lr` (one for all groups, or one for each), unless that changes it by less than `eps`; then
  /// waits for `cooldown` epochs. With `verbose` it says so, as a warning (core/warning.h). ValueError
  /// "Factor should be < 1.0.", "expected 2 min_lrs, got 3".
  explicit ReduceLROnPlateauScheduler(Optimizer& optimizer, SchedulerMode mode = min, double factor = 0.1,
                                      int patience = 10, double threshold = 1e-4,
                                      ThresholdMode threshold_mode = rel, int cooldown = 0,
                                      std::vector<double> min_lr = {}, double eps = 1e-8,
                                      bool verbose = false);

  /// The measure after one more epoch.
  void step(double metric);
  /// The rates of the groups after the last step.
  [[nodiscard]] const std::vector<double>& get_last_lr() const noexcept { return last_lrs_; }

  /// As those of LRScheduler (lr_scheduler.h).
  [[nodiscard]] SchedulerStateDict state_dict() { return save_fields(state_fields()); }
  void load_state_dict(const SchedulerStateDict& dict) {
    take_fields(state_fields(), dict, "the state of the schedule")();
  }

 private:
  [[nodiscard]] bool is_better(double metric) const;
  void reduce();
  [[nodiscard]] std::vector<StateField> state_fields();

  Optimizer* optimizer_;
  SchedulerMode mode_;
  ThresholdMode threshold_mode_;
  double factor_, threshold_, eps_;
  int patience_, cooldown_;
  std::optional<double> default_min_lr_;  // one for all groups
  std::vector<double> min_lrs_;
  bool verbose_;
  double best_;
  std::int64_t epoch_ = 0;
  int bad_epochs_ = 0;
  int cooling_ = 0;
  std::vector<double> last_lrs_;
};

/// Python's name.
using ReduceLROnPlateau = ReduceLROnPlateauScheduler;

}  // namespace ballast::optim
