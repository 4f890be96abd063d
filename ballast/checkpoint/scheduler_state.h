// The state of a schedule as a tree, and back: what `torch.save(scheduler.state_dict(), ...)` writes.
//
//   Value training = Value::dict();
//   training.set("optimizer", to_value(sgd.state_dict()));
//   training.set("scheduler", to_value(schedule.state_dict()));
//   save(training, "training.pth");
//
//   schedule.load_state_dict(to_scheduler_state(load("training.pth").root().at("scheduler")));
#pragma once

#include "ballast/checkpoint/value.h"
#include "ballast/core/scheduler_state.h"

namespace ballast::checkpoint {

[[nodiscard]] Value to_value(const SchedulerStateDict& dict);

/// FormatError, with the place in the tree, for what is no plain data; LimitError beyond a million entries. Tuples come as lists, and tensors of one element, which
/// PyTorch keeps where rates are tensors, as numbers.
[[nodiscard]] SchedulerStateDict to_scheduler_state(const Value& root);

}  // namespace ballast::checkpoint

namespace ballast {
using checkpoint::to_scheduler_state;
using checkpoint::to_value;
}  // namespace ballast
