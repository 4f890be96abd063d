// Adadelta (Zeiler 2012): steps in the units of the parameter, from running means of squares of gradients and
// of steps.
//
//   optim::Adadelta adadelta(model->parameters(), optim::AdadeltaOptions(1.0).rho(0.95));
//
//   g = grad + weight_decay * p
//   s = rho * s + (1 - rho) * g * g
//   d = sqrt(a + eps) / sqrt(s + eps) * g
//   a = rho * a + (1 - rho) * d * d
//   p = p - lr * d
#pragma once

#include <cstdint>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class AdadeltaOptions : public OptimizerCloneableOptions<AdadeltaOptions> {
 public:
  AdadeltaOptions(double lr = 1.0) : lr_(lr) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(double, lr);
  BALLAST_ARG(double, rho) = 0.9;
  BALLAST_ARG(double, eps) = 1e-6;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class AdadeltaParamState : public OptimizerCloneableParamState<AdadeltaParamState> {
  BALLAST_ARG(std::int64_t, step) = 0;
  BALLAST_ARG(Tensor, square_avg);
  BALLAST_ARG(Tensor, acc_delta);

 public:
  [[nodiscard]] Fields fields() override;
};

class Adadelta : public OptimizerOf<AdadeltaOptions, AdadeltaParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace ballast::optim
