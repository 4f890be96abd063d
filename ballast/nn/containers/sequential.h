// Modules run one after another, each on the result of the one before.
//
//   nn::Sequential mlp(nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1));
//   nn::Sequential named({{"fc", nn::Linear(3, 4)}, {"act", nn::ReLU()}});
//   Tensor y = mlp(x);
//   mlp[0]->as<nn::Linear>()->weight;   mlp[-1];   mlp->slice(0, 2);
//
// A module is given as a holder, a shared_ptr, or by value (then copied once). Named by position, unless a name is
// given. `Sequential(other)` of one Sequential is the same module, as copies of holders are.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ballast/core/ordered_dict.h"
#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/module_sequence.h"

namespace ballast::nn {

class Sequential;

class SequentialImpl : public Cloneable<SequentialImpl, ModuleSequence> {
 public:
  SequentialImpl() = default;
  template <ModuleArgument... M>
  requires(sizeof...(M) > 1 || (!std::derived_from<std::remove_cvref_t<M>, SequentialImpl> &&
                                ...)) explicit SequentialImpl(M&&... modules) {
    (push_back(std::forward<M>(modules)), ...);
  }
  explicit SequentialImpl(std::initializer_list<NamedModule> modules);
  explicit SequentialImpl(const OrderedDict<std::string, std::shared_ptr<Module>>& modules);

  using ModuleSequence::push_back;
  /// Appends under a name; one that is there already gets the new module in its place.
  template <ModuleArgument M>
  void push_back(std::string_view name, M&& module) {
    put_child(name, module_of(std::forward<M>(module)));
  }

  /// Each module's result given to the next; the input itself if there are none. NotImplementedError if a module does
  /// not take and return one tensor.
  Tensor forward(const Tensor& input);
  /// Python's model[start:stop:step]: another Sequential of the same modules, under their names here.
  [[nodiscard]] Sequential slice(SliceBound start = {}, SliceBound stop = {}, std::int64_t step = 1) const;
};

class Sequential : public ModuleHolder<SequentialImpl> {
 public:
  using ModuleHolder<SequentialImpl>::ModuleHolder;
  using Impl = SequentialImpl;
  Sequential() = default;
  Sequential(std::initializer_list<NamedModule> modules)
      : ModuleHolder(std::make_shared<SequentialImpl>(modules)) {}
};

}  // namespace ballast::nn
