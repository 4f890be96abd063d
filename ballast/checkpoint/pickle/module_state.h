// The state dict in a pickled module, or in the module of a TorchScript archive: both are records of objects here, and what a
// record holds is read as data.
//
//   Value root = load("whole_model.pth").root();        // torch.save(model, ...)
//   for (const auto& [name, tensor] : entries_of_object(root)) ...
#pragma once

#include <vector>

#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

struct NamedEntry {
  std::string name;
  Value tensor;
};

/// Of a torch.nn.Module: the parameters and persistent buffers of each module, then of its children, as `state_dict()` lists
/// them. Of any other object: the tensors among its attributes, then those of the objects among them. LimitError for modules
/// inside each other so often that the names would have no end.
[[nodiscard]] std::vector<NamedEntry> entries_of_object(const Value& object);

}  // namespace ballast::checkpoint
