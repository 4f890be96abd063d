// NAdam (Dozat 2016): Adam with Nesterov's momentum.
//
//   optim::NAdam nadam(model->parameters(), optim::NAdamOptions(2e-3).decoupled_weight_decay(true));
//
//   g = grad + weight_decay * p                                decoupled: p = p - lr * weight_decay * p
//   m = beta1 * m + (1 - beta1) * g
//   v = beta2 * v + (1 - beta2) * g * g
//   mu(t) = beta1 * (1 - 0.96^(t * momentum_decay) / 2),  M = mu(1) * ... * mu(step)
//   r = sqrt(v / (1 - beta2^step)) + eps
//   p = p - lr * (1 - mu(step)) / (1 - M) * g / r - lr * mu(step + 1) / (1 - M * mu(step + 1)) * m / r
//
// M is kept in float, as PyTorch keeps it (in double where the default type is).
#pragma once

#include <cstdint>
#include <tuple>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class NAdamOptions : public OptimizerCloneableOptions<NAdamOptions> {
 public:
  NAdamOptions(double lr = 2e-3) : lr_(lr) {}  // NOLINT(*-explicit-*)
  using Betas = std::tuple<double, double>;
  BALLAST_ARG(double, lr);
  BALLAST_ARG(Betas, betas) = {0.9, 0.999};
  BALLAST_ARG(double, eps) = 1e-8;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(double, momentum_decay) = 4e-3;
  BALLAST_ARG(bool, decoupled_weight_decay) = false;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class NAdamParamState : public OptimizerCloneableParamState<NAdamParamState> {
  BALLAST_ARG(std::int64_t, step) = 0;
  BALLAST_ARG(double, mu_product) = 1;
  BALLAST_ARG(Tensor, exp_avg);
  BALLAST_ARG(Tensor, exp_avg_sq);

 public:
  [[nodiscard]] Fields fields() override;
};

class NAdam : public OptimizerOf<NAdamOptions, NAdamParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace ballast::optim
