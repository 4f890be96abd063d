// Modules in a list, reached by position. It has no forward of its own.
//
//   nn::ModuleList layers(nn::Linear(3, 3), nn::Linear(3, 3));
//   layers->push_back(nn::ReLU());
//   for (const auto& layer : *layers) x = (*layer)(x);
//   layers[-1];   layers->slice(0, 2);
//
// Prints runs of equal modules as Python does: (0-1): 2 x Linear(in_features=3, out_features=3, bias=True).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/module_sequence.h"

namespace ballast::nn {

class ModuleList;

class ModuleListImpl : public Cloneable<ModuleListImpl, ModuleSequence> {
 public:
  ModuleListImpl() = default;
  template <ModuleArgument... M>
  requires(sizeof...(M) > 1 || (!std::derived_from<std::remove_cvref_t<M>, ModuleListImpl> &&
                                ...)) explicit ModuleListImpl(M&&... modules) {
    (push_back(std::forward<M>(modules)), ...);
  }
  explicit ModuleListImpl(const std::vector<std::shared_ptr<Module>>& modules);

  /// Python's list[start:stop:step]: another ModuleList of the same modules, numbered anew.
  [[nodiscard]] ModuleList slice(SliceBound start = {}, SliceBound stop = {}, std::int64_t step = 1) const;
  [[nodiscard]] std::string repr() const override;
};

BALLAST_MODULE(ModuleList);

}  // namespace ballast::nn
