// Adamax (Kingma & Ba 2015): Adam with the infinity norm in place of the second moment.
//
//   optim::Adamax adamax(model->parameters(), 2e-3);
//
//   g = grad + weight_decay * p
//   m = beta1 * m + (1 - beta1) * g
//   u = max(beta2 * u, |g| + eps)
//   p = p - lr / (1 - beta1^step) * m / u
#pragma once

#include <cstdint>
#include <tuple>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class AdamaxOptions : public OptimizerCloneableOptions<AdamaxOptions> {
 public:
  AdamaxOptions(double lr = 2e-3) : lr_(lr) {}  // NOLINT(*-explicit-*)
  using Betas = std::tuple<double, double>;
  BALLAST_ARG(double, lr);
  BALLAST_ARG(Betas, betas) = {0.9, 0.999};
  BALLAST_ARG(double, eps) = 1e-8;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class AdamaxParamState : public OptimizerCloneableParamState<AdamaxParamState> {
  BALLAST_ARG(std::int64_t, step) = 0;
  BALLAST_ARG(Tensor, exp_avg);
  BALLAST_ARG(Tensor, exp_inf);

 public:
  [[nodiscard]] Fields fields() override;
};

class Adamax : public OptimizerOf<AdamaxOptions, AdamaxParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace ballast::optim
