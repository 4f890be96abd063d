// RMSprop (Tieleman & Hinton 2012), in its centered form (Graves 2013) and with momentum.
//
//   optim::RMSprop rmsprop(model->parameters(), optim::RMSpropOptions(0.01).momentum(0.5).centered(true));
//
//   g = grad + weight_decay * p
//   s = alpha * s + (1 - alpha) * g * g
//   r = sqrt(s) + eps               centered: a = alpha * a + (1 - alpha) * g,  r = sqrt(s - a * a) + eps
//   p = p - lr * g / r              momentum: b = momentum * b + g / r,  p = p - lr * b
#pragma once

#include <cstdint>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class RMSpropOptions : public OptimizerCloneableOptions<RMSpropOptions> {
 public:
  RMSpropOptions(double lr = 1e-2) : lr_(lr) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(double, lr);
  BALLAST_ARG(double, alpha) = 0.99;
  BALLAST_ARG(double, eps) = 1e-8;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(double, momentum) = 0;
  BALLAST_ARG(bool, centered) = false;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class RMSpropParamState : public OptimizerCloneableParamState<RMSpropParamState> {
  BALLAST_ARG(std::int64_t, step) = 0;
  BALLAST_ARG(Tensor, square_avg);
  BALLAST_ARG(Tensor, momentum_buffer);  ///< with momentum only
  BALLAST_ARG(Tensor, grad_avg);         ///< of the centered form only

 public:
  [[nodiscard]] Fields fields() override;
};

class RMSprop : public OptimizerOf<RMSpropOptions, RMSpropParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace ballast::optim
