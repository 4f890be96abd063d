// Which names of a StateDict have no place in a module tree.
#pragma once

#include <string>
#include <vector>

#include "ballast/core/state_dict.h"
#include "ballast/nn/module.h"

namespace ballast::nn {

/// In PyTorch's order: by the module where the path leaves the tree, in the order of the walk, then as in `state`. As in
/// PyTorch, names below a child that is registered but absent are no surprise.
[[nodiscard]] std::vector<std::string> unexpected_keys(const Module& root, const StateDict& state);

}  // namespace ballast::nn
