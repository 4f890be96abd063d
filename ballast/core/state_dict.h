// What a model's parameters and buffers are between a module and a file: names to tensors, in order, with
// PyTorch's
// `_metadata` beside them (the path of each module and the version of its layout).
//
//   StateDict s = model->state_dict();
//   save(s, "model.pth");
//   s["0.weight"].shape();
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/ordered_dict.h"
#include "ballast/core/tensor.h"

namespace ballast {

class StateDict : public OrderedDict<std::string, Tensor> {
 public:
  using OrderedDict<std::string, Tensor>::OrderedDict;

  struct ModuleMetadata {
    std::string path;          ///< "" for the root
    std::int64_t version = 1;  ///< Module's own `version()`
    friend bool operator==(const ModuleMetadata&, const ModuleMetadata&) = default;
  };
  /// In the order of the walk; empty for a dictionary made by hand (PyTorch: no `_metadata`).
  std::vector<ModuleMetadata> metadata;

  /// Set if the dictionary carries `_metadata` at all; without it every version counts as unknown.
  bool has_metadata = false;
};

}  // namespace ballast
