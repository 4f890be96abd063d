// Schedules of learning rates.
//
//   optim::SGD sgd(model->parameters(), 0.1);
//   optim::StepLR schedule(sgd, 30, 0.5);
//   for (int epoch = 0; epoch < 90; ++epoch) {
//     train_one_epoch(model, sgd);
//     schedule.step();
//   }
//
// As in Python, a schedule sets the rates of epoch 0 as it is made, and `step` goes on to the next epoch. It
// keeps the rate that a group started with in the group (`extras()["initial_lr"]`), so that it is saved with
// the optimiser. The optimiser must outlive its schedules.
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/optim/optimizer.h"

namespace ballast::optim {

/// Base of all schedules. One's own override `get_lrs`, which is asked by each `step`, with `step_count_` at
/// 0 in the first.
class LRScheduler {
 public:
  explicit LRScheduler(Optimizer& optimizer) : optimizer_(&optimizer) {}
  virtual ~LRScheduler() = default;
  /// Sets the rate of each group to what `get_lrs` gives.
  virtual void step();
  /// The rates of the groups now.
  [[nodiscard]] std::vector<double> get_last_lr() const { return get_current_lrs(); }
  [[nodiscard]] Optimizer& optimizer() const noexcept { return *optimizer_; }

 protected:
  LRScheduler(const LRScheduler&) = default;
  LRScheduler& operator=(const LRScheduler&) = default;
  [[nodiscard]] virtual std::vector<double> get_lrs() = 0;
  [[nodiscard]] std::vector<double> get_current_lrs() const;
  void set_lrs(const std::vector<double>& lrs) const;

  Optimizer* optimizer_;
  unsigned step_count_ = 0;
};

/// Base of the schedules of this folder, which count epochs. A constructor ends with `start()`.
class EpochScheduler : public LRScheduler {
 public:
  void step() override;
  /// 0 once the schedule is made.
  [[nodiscard]] std::int64_t last_epoch() const noexcept { return last_epoch_; }

 protected:
  /// With a last_epoch of 0 or more, a schedule goes on after that epoch: KeyError unless each group has its
  /// "initial_lr".
  EpochScheduler(Optimizer& optimizer, std::int64_t last_epoch);
  void start();
  /// The rates of epoch 0, for a schedule that others went before. By default what `get_lrs` gives.
  [[nodiscard]] virtual std::vector<double> first_lrs() { return get_lrs(); }
  /// `change(lr)` for the rate of each group now.
  template <class Change>
  [[nodiscard]] std::vector<double> changed_lrs(const Change& change) const {
    std::vector<double> out = get_current_lrs();
    for (double& lr : out) lr = change(lr);
    return out;
  }
  /// The rate each group started with.
  [[nodiscard]] const std::vector<double>& base_lrs() const noexcept { return base_lrs_; }
  /// Whether `get_lrs` is asked by `start`.
  [[nodiscard]] bool is_initial() const noexcept { return initial_; }

 private:
  friend class SequentialLR;
  void restart();

  std::int64_t last_epoch_;
  std::vector<double> base_lrs_;
  bool initial_ = false;
};

}  // namespace ballast::optim
