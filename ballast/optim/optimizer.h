// What all optimisers have in common: groups of parameters, their options, what is remembered of each
// parameter, and `step`.
//
//   optim::Adam adam(model->parameters(), 1e-3);
//   for (const auto& [x, y] : loader) {
//     adam.zero_grad();
//     mse_loss(model->forward(x), y).backward();
//     adam.step();
//   }
//   save(adam.state_dict(), "adam.pth");         // torch.optim.Adam.load_state_dict takes it
//
// An optimiser holds handles: what a model's parameters refer to is what is stepped. A tensor that stands in
// a group twice (a tied parameter) is stepped once. Parameters without a gradient are left alone. `step`
// records nothing for gradients and counts each change of a parameter (`_version`).
//
// A step is one pass over each parameter, in the order of operations of PyTorch's `foreach=False`; results
// agree to rounding. Element types: float and double at full speed; others by way of a float copy; complex
// numbers as pairs of reals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "ballast/core/optimizer_state.h"
#include "ballast/core/tensor.h"
#include "ballast/optim/options.h"
#include "ballast/optim/param_state.h"

namespace ballast::optim {

class Optimizer {
 public:
  /// Computes the loss, and the gradients with it.
  using LossClosure = std::function<Tensor()>;
  /// By `t.unsafeGetTensorImpl()`. Entries are made when a parameter is first stepped.
  using StateMap = std::unordered_map<void*, std::unique_ptr<OptimizerParamState>>;

  /// Throws what add_param_group throws.
  Optimizer(std::vector<OptimizerParamGroup> groups, std::unique_ptr<OptimizerOptions> defaults);
  Optimizer(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> defaults);
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  Optimizer(Optimizer&&) = default;
  Optimizer& operator=(Optimizer&&) = default;
  virtual ~Optimizer() = default;

  /// Changes the parameters by their gradients. With a closure, it is called first, with gradients being
  /// recorded, and what it returns is returned; without, an undefined tensor.
  virtual Tensor step(LossClosure closure = nullptr) = 0;

  /// Drops the gradients of all parameters; with `set_to_none` false, fills them with zeros.
  void zero_grad(bool set_to_none = true);

  /// ValueError "can't optimize a non-leaf Tensor", "some parameters appear in more than one parameter
  /// group"; what the options themselves refuse. A parameter that stands in the group twice is kept once,
  /// with a warning.
  void add_param_group(OptimizerParamGroup group);

  [[nodiscard]] std::vector<OptimizerParamGroup>& param_groups() noexcept { return groups_; }
  [[nodiscard]] const std::vector<OptimizerParamGroup>& param_groups() const noexcept { return groups_; }
  [[nodiscard]] OptimizerOptions& defaults() noexcept { return *defaults_; }
  [[nodiscard]] const OptimizerOptions& defaults() const noexcept { return *defaults_; }
  [[nodiscard]] StateMap& state() noexcept { return state_; }
  [[nodiscard]] const StateMap& state() const noexcept { return state_; }

  /// PyTorch's `optimizer.state_dict()`. Tensors are those that the optimiser uses, not copies.
  [[nodiscard]] OptimizerStateDict state_dict();
  /// Takes what state_dict() of an optimiser of this kind gave, here or in PyTorch; tensors are copied, to
  /// the type of their parameter. Errors leave the optimiser as it was: ValueError "loaded state dict has a
  /// different number of parameter groups", "loaded state dict contains a parameter group that has a
  /// different size than the optimizer's parameter group"; KeyError for entries that this kind of optimiser
  /// does not have and for an lr that is missing; ShapeError for tensors of another shape than their
  /// parameter. Options that the dictionary lacks (older files) take their default; entries of a group that
  /// are no options are kept (OptimizerParamGroup::extras).
  void load_state_dict(const OptimizerStateDict& dict);

  // Older names. Each warns that it "will be removed".
  [[nodiscard]] const std::vector<Tensor>& parameters() const;  ///< of the first group
  [[nodiscard]] std::size_t size() const;                       ///< the number of all parameters
  void add_parameters(const std::vector<Tensor>& params);       ///< to the first group

 protected:
  /// Called for the options of each group before it is added: throws what is wrong with them.
  virtual void check_options(const OptimizerOptions& options) const;
  /// Called for each group that was added: Adagrad makes its states at once.
  virtual void on_group_added(const OptimizerParamGroup& /*group*/) {}
  /// An empty state of this optimiser's kind, for load_state_dict. NotImplementedError unless overridden.
  [[nodiscard]] virtual std::unique_ptr<OptimizerParamState> new_state() const;

  /// What the closure returns, called with gradients being recorded; undefined without a closure.
  [[nodiscard]] static Tensor evaluate(const LossClosure& closure);

 private:
  void add_unique(OptimizerParamGroup& group, const std::vector<Tensor>& params) const;

  std::vector<OptimizerParamGroup> groups_;
  std::unique_ptr<OptimizerOptions> defaults_;
  StateMap state_;
};

}  // namespace ballast::optim
