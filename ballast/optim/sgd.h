// Stochastic gradient descent, with momentum in the classic form or Nesterov's (Sutskever, Martens, Dahl &
// Hinton 2013).
//
//   optim::SGD sgd(model->parameters(), 0.1);
//   optim::SGD sgd(model->parameters(), optim::SGDOptions(0.1).momentum(0.9).nesterov(true));
//
//   g = grad + weight_decay * p
//   b = momentum * b + (1 - dampening) * g                     in the first step b = g
//   p = p - lr * b                                             nesterov: p = p - lr * (g + momentum * b)
#pragma once

#include <memory>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class SGDOptions : public OptimizerCloneableOptions<SGDOptions> {
 public:
  SGDOptions(double lr) : lr_(lr) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(double, lr);
  BALLAST_ARG(double, momentum) = 0;
  BALLAST_ARG(double, dampening) = 0;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(bool, nesterov) = false;
  BALLAST_ARG(bool, maximize) = false;  ///< climbs instead of descending

 public:
  [[nodiscard]] Fields fields() override;
  [[nodiscard]] std::unique_ptr<OptimizerOptions> fresh() const override;
  void validate() const;
};

class SGDParamState : public OptimizerCloneableParamState<SGDParamState> {
  BALLAST_ARG(Tensor, momentum_buffer);  ///< none without momentum

 public:
  [[nodiscard]] Fields fields() override { return {{"momentum_buffer", &momentum_buffer_}}; }
};

class SGD : public OptimizerOf<SGDOptions, SGDParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace ballast::optim
