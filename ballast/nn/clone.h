// Deep copies of modules: new tensors, new modules, the same ties.
//
//   auto copy = nn::clone(net);            // a Net; net may be a holder or a std::shared_ptr
//
// Every tensor and module of the tree is copied once, however many names and members mean it; tensors that were
// views of one memory, registered or not, are views of one memory in the copy. requires_grad, hooks and plain
// members come along; gradients do not.
// Nothing is drawn from any generator, and no constructor but the copy constructor runs.
#pragma once

#include <memory>
#include <optional>

#include "ballast/core/device.h"
#include "ballast/nn/module.h"

namespace ballast::nn {

/// NotImplementedError if a module of the tree is not Cloneable; Error if the tree contains itself.
[[nodiscard]] std::shared_ptr<Module> clone_module(const Module& module);

template <IsModuleHolder H>
[[nodiscard]] H clone(const H& holder) {
  return H(std::static_pointer_cast<typename H::ContainedType>(clone_module(*holder)));
}
template <std::derived_from<Module> M>
[[nodiscard]] std::shared_ptr<M> clone(const std::shared_ptr<M>& module) {
  return std::static_pointer_cast<M>(clone_module(*module));
}

}  // namespace ballast::nn
