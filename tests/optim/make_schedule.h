// The schedules of tests/data/optim/schedules.json.
#pragma once

#include <memory>
#include <vector>

#include "tests/optim/make_optimizer.h"

namespace ballast::testing {

/// The optimiser of two groups and the schedule that a row of the table names.
struct Scheduled {
  explicit Scheduled(const Json& row);
  void step(double metric) const { plateau ? plateau->step(metric) : schedule->step(); }
  /// The rates of the groups, and their momenta or first betas.
  [[nodiscard]] std::vector<double> rates() const;
  [[nodiscard]] std::vector<double> momenta() const;
  [[nodiscard]] SchedulerStateDict state_dict() const {
    return plateau ? plateau->state_dict() : schedule->state_dict();
  }
  void load_state_dict(const SchedulerStateDict& dict) const {
    plateau ? plateau->load_state_dict(dict) : schedule->load_state_dict(dict);
  }

  bool adam;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::shared_ptr<optim::LRScheduler> schedule;
  std::shared_ptr<optim::ReduceLROnPlateau> plateau;  ///< in its place

 private:
  void make(const std::string& name, const Json& a);
};

}  // namespace ballast::testing
