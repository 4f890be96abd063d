// Adagrad (Duchi, Hazan & Singer 2011): each element's rate falls with the squares of its gradients so far.
//
//   optim::Adagrad adagrad(model->parameters(), optim::AdagradOptions(0.05).lr_decay(0.01));
//
//   g = grad + weight_decay * p
//   s = s + g * g                                              s starts at initial_accumulator_value
//   p = p - lr / (1 + (step - 1) * lr_decay) * g / (sqrt(s) + eps)
//
// Its states are made with the optimiser, as PyTorch's are.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class AdagradOptions : public OptimizerCloneableOptions<AdagradOptions> {
 public:
  AdagradOptions(double lr = 1e-2) : lr_(lr) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(double, lr);
  BALLAST_ARG(double, lr_decay) = 0;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(double, initial_accumulator_value) = 0;
  BALLAST_ARG(double, eps) = 1e-10;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class AdagradParamState : public OptimizerCloneableParamState<AdagradParamState> {
  BALLAST_ARG(Tensor, sum);
  BALLAST_ARG(std::int64_t, step) = 0;

 public:
  [[nodiscard]] Fields fields() override;
};

class Adagrad : public OptimizerOf<AdagradOptions, AdagradParamState> {
 public:
  explicit Adagrad(std::vector<OptimizerParamGroup> groups, AdagradOptions defaults = {});
  explicit Adagrad(std::vector<Tensor> params, AdagradOptions defaults = {})
      : Adagrad(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
                std::move(defaults)) {}
  explicit Adagrad(std::initializer_list<Tensor> params, AdagradOptions defaults = {})
      : Adagrad(std::vector<Tensor>(params), std::move(defaults)) {}
  Tensor step(LossClosure closure = nullptr) override;

 protected:
  void on_group_added(const OptimizerParamGroup& group) override;
};

}  // namespace ballast::optim
