// A rate that falls when a measure has stopped getting better.
//
//   ReduceLROnPlateau schedule(sgd, ReduceLROnPlateau::min, 0.1, 10);
//   schedule.step(validation_loss);
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "ballast/optim/optimizer.h"

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

 private:
  [[nodiscard]] bool is_better(double metric) const;
  void reduce();

  Optimizer* optimizer_;
  SchedulerMode mode_;
  ThresholdMode threshold_mode_;
  double factor_, threshold_, eps_;
  int patience_, cooldown_;
  std::vector<double> min_lrs_;
  bool verbose_;
  double best_;
  std::int64_t epoch_ = 0;
  int bad_epochs_ = 0;
  int cooling_ = 0;
};

/// Python's name.
using ReduceLROnPlateau = ReduceLROnPlateauScheduler;

}  // namespace ballast::optim
