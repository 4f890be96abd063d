// RAdam (Liu, Jiang, He, Chen, Liu, Gao & Han 2020): Adam whose step is held back until the second moment can
// be trusted.
//
//   optim::RAdam radam(model->parameters(), 1e-3);
//
//   g = grad + weight_decay * p                                decoupled: p = p - lr * weight_decay * p
//   m = beta1 * m + (1 - beta1) * g
//   v = beta2 * v + (1 - beta2) * g * g
//   R = 2 / (1 - beta2) - 1,  r = R - 2 * step * beta2^step / (1 - beta2^step)
//   h = m / (1 - beta1^step) * lr
//   p = p - h                                                  for r <= 5
//   p = p - h * sqrt(1 - beta2^step) / (sqrt(v) + eps)
//             * sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r))      otherwise
#pragma once

#include <cstdint>
#include <tuple>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class RAdamOptions : public OptimizerCloneableOptions<RAdamOptions> {
 public:
  RAdamOptions(double lr = 1e-3) : lr_(lr) {}  // NOLINT(*-explicit-*)
  using Betas = std::tuple<double, double>;
  BALLAST_ARG(double, lr);
  BALLAST_ARG(Betas, betas) = {0.9, 0.999};
  BALLAST_ARG(double, eps) = 1e-8;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(bool, decoupled_weight_decay) = false;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class RAdamParamState : public OptimizerCloneableParamState<RAdamParamState> {
  BALLAST_ARG(std::int64_t, step) = 0;
  BALLAST_ARG(Tensor, exp_avg);
  BALLAST_ARG(Tensor, exp_avg_sq);

 public:
  [[nodiscard]] Fields fields() override;
};

class RAdam : public OptimizerOf<RAdamOptions, RAdamParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace ballast::optim
