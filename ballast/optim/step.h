// The walk of a step, which every optimiser but LBFGS shares. For the rooms of the library.
#pragma once

#include <memory>
#include <utility>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/variable.h"
#include "ballast/core/error.h"
#include "ballast/ops/factories.h"
#include "ballast/optim/optimizer.h"

namespace ballast::optim {

/// The state of a parameter, made if there is none.
template <class State>
State& state_of(Optimizer::StateMap& states, const Tensor& p) {
  std::unique_ptr<OptimizerParamState>& slot = states[p.unsafeGetTensorImpl()];
  if (!slot) [[unlikely]] {
    slot = std::make_unique<State>();
  }
  return static_cast<State&>(*slot);
}

/// A tensor of the shape and type of `p` that holds `value`, where there is none yet.
inline void ensure(Tensor& t, const Tensor& p, double value = 0) {
  if (t.defined()) [[likely]] {
    return;
  }
  t = full(p.sizes(), value, p.options());
}

/// The options of a group as what they must be. ValueError if someone has set others.
template <class Options>
const Options& options_of(const OptimizerParamGroup& group) {
  const auto* const options = dynamic_cast<const Options*>(&group.options());
  check<ValueError>(options != nullptr, "a parameter group has options of another kind of optimizer");
  return *options;
}

/// For each group, makes what its options ask for once, `make_pass(options)`, and calls it with each
/// parameter that has a gradient: `pass(p, grad)`. Nothing is recorded.
template <class Options, class MakePass>
void for_each_gradient(const std::vector<OptimizerParamGroup>& groups, const MakePass& make_pass) {
  const NoGradGuard no_grad;
  for (const OptimizerParamGroup& group : groups) {
    auto pass = make_pass(options_of<Options>(group));
    for (const Tensor& p : group.params()) {
      const autograd::VariableMeta* const meta = autograd::find_meta(p);
      if (meta != nullptr && meta->own_grad().defined()) pass(p, meta->own_grad());
    }
  }
}

}  // namespace ballast::optim
