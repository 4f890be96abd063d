// The state of an optimiser as a tree, and back: what `torch.save(optimizer.state_dict(), ...)` writes.
//
//   save(adam.state_dict(), "adam.pth");
//   adam.load_state_dict(to_optimizer_state(load("adam.pth").root()));
//
//   Value training = Value::dict();
//   training.set("model", model->state_dict());
//   training.set("optimizer", to_value(adam.state_dict()));
//
// The tree is {'state': {0: {'step': tensor, ...}, ...}, 'param_groups': [{'lr': 0.001, ..., 'params': [0,
// 1]}]}.
#pragma once

#include <filesystem>

#include "ballast/checkpoint/save.h"
#include "ballast/checkpoint/value.h"
#include "ballast/core/optimizer_state.h"

namespace ballast::checkpoint {

[[nodiscard]] Value to_value(const OptimizerStateDict& dict);
/// `save(to_value(dict), path, options)`.
void save(const OptimizerStateDict& dict, const std::filesystem::path& path, const SaveOptions& options = {});

/// FormatError, with the place in the tree, if it is not such a tree; NotImplementedError for a state that
/// does not stand under the number of a parameter, and for tensors that are sparse or quantised. Tensors are
/// those of the tree.
[[nodiscard]] OptimizerStateDict to_optimizer_state(const Value& root);

}  // namespace ballast::checkpoint

namespace ballast {
using checkpoint::save;
using checkpoint::to_optimizer_state;
using checkpoint::to_value;
}  // namespace ballast
