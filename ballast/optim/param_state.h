// What an optimiser remembers of one parameter: moments, a count of steps.
//
//   auto& state = static_cast<AdamParamState&>(*adam.state().at(p.unsafeGetTensorImpl()));
//   state.exp_avg();
#pragma once

#include <memory>

#include "ballast/optim/field.h"

namespace ballast::optim {

class OptimizerParamState {
 public:
  OptimizerParamState() = default;
  virtual ~OptimizerParamState() = default;
  [[nodiscard]] virtual std::unique_ptr<OptimizerParamState> clone() const = 0;
  /// What state dicts see, in PyTorch's order. Undefined tensors and empty numbers have no entry there.
  [[nodiscard]] virtual Fields fields() { return {}; }
  /// Whether tensors of the state have the shape of the parameter; LBFGS keeps vectors over all parameters.
  [[nodiscard]] virtual bool follows_parameter() const noexcept { return true; }

 protected:
  OptimizerParamState(const OptimizerParamState&) = default;
  OptimizerParamState(OptimizerParamState&&) = default;
  OptimizerParamState& operator=(const OptimizerParamState&) = default;
  OptimizerParamState& operator=(OptimizerParamState&&) = default;
};

/// Equal types with equal fields.
[[nodiscard]] bool operator==(const OptimizerParamState& a, const OptimizerParamState& b);

template <class Derived>
class OptimizerCloneableParamState : public OptimizerParamState {
 public:
  [[nodiscard]] std::unique_ptr<OptimizerParamState> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

}  // namespace ballast::optim
