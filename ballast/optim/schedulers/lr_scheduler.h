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
//
// A run is taken up again by loading both into fresh ones:
//
//   sgd.load_state_dict(saved_optimizer);
//   schedule.load_state_dict(saved_schedule);
#pragma once

#include <cstdint>
#include <vector>

#include "ballast/core/scheduler_state.h"
#include "ballast/optim/optimizer.h"
#include "ballast/optim/schedulers/state_fields.h"

namespace ballast::optim {

/// Base of all schedules. One's own override `get_lrs`, which is asked by each `step`, with `step_count_` at
/// 0 in the first.
class LRScheduler {
 public:
  explicit LRScheduler(Optimizer& optimizer) : optimizer_(&optimizer) {}
  virtual ~LRScheduler() = default;
  /// Sets the rate of each group to what `get_lrs` gives.
  virtual void step();
  /// The rates of the groups as this schedule last set them; before it has, those they have.
  [[nodiscard]] std::vector<double> get_last_lr() const {
    return last_lrs_.empty() ? get_current_lrs() : last_lrs_;
  }
  [[nodiscard]] Optimizer& optimizer() const noexcept { return *optimizer_; }

  /// What PyTorch's schedule of this kind saves, and takes back. The rates themselves are in the optimiser's state.
  [[nodiscard]] SchedulerStateDict state_dict() { return save_fields(state_fields()); }
  /// Takes back what `state_dict` gave, here or in PyTorch; nothing is changed unless all of it fits. KeyError where something
  /// is missing, as in the state of another kind of schedule; DTypeError for what is of another type; ValueError for numbers
  /// that make no sense. Entries of other names are left aside.
  void load_state_dict(const SchedulerStateDict& dict) {
    take_fields(state_fields(), dict, "the state of the schedule")();
  }

 protected:
  LRScheduler(const LRScheduler&) = default;
  LRScheduler& operator=(const LRScheduler&) = default;
  [[nodiscard]] virtual std::vector<double> get_lrs() = 0;
  [[nodiscard]] std::vector<double> get_current_lrs() const;
  void set_lrs(const std::vector<double>& lrs);
  /// What is saved, in PyTorch's order. One's own schedules add to it.
  [[nodiscard]] virtual std::vector<StateField> state_fields();

  Optimizer* optimizer_;
  unsigned step_count_ = 0;
  std::vector<double> last_lrs_ = {};
};

/// Base of the schedules of this folder, which count epochs. A constructor ends with `start()`.
class EpochScheduler : public LRScheduler {
 public:
  void step() override;
  /// 0 once the schedule is made.
  [[nodiscard]] std::int64_t last_epoch() const noexcept { return last_epoch_; }

 protected:
  [[nodiscard]] std::vector<StateField> state_fields() override;
  /// With a last_epoch of 0 or more, a schedule goes on after that epoch: KeyError unless each group has its
  /// "initial_lr".
  EpochScheduler(Optimizer& optimizer, std::int64_t last_epoch);
  void start();
  /// Takes the base rates from the groups again, for a schedule that has set them itself.
  void read_base_lrs();
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
