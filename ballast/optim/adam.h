// Adam (Kingma & Ba 2015), with AMSGrad (Reddi, Kale & Kumar 2018), and AdamW, whose weight decay does not
// pass through the moments (Loshchilov & Hutter 2019).
//
//   optim::Adam adam(model->parameters(), 1e-3);
//   optim::AdamW adamw(model->parameters(), optim::AdamWOptions(1e-3).weight_decay(0.05));
//
//   g = grad + weight_decay * p                                AdamW: p = p - lr * weight_decay * p
//   m = beta1 * m + (1 - beta1) * g
//   v = beta2 * v + (1 - beta2) * g * g                        amsgrad: the largest v so far stands below
//   p = p - lr / (1 - beta1^step) * m / (sqrt(v / (1 - beta2^step)) + eps)
#pragma once

#include <cstdint>
#include <tuple>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class AdamOptions : public OptimizerCloneableOptions<AdamOptions> {
 public:
  AdamOptions(double lr = 1e-3) : lr_(lr) {}  // NOLINT(*-explicit-*)
  using Betas = std::tuple<double, double>;
  BALLAST_ARG(double, lr);
  BALLAST_ARG(Betas, betas) = {0.9, 0.999};
  BALLAST_ARG(double, eps) = 1e-8;
  BALLAST_ARG(double, weight_decay) = 0;
  BALLAST_ARG(bool, amsgrad) = false;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class AdamWOptions : public OptimizerCloneableOptions<AdamWOptions> {
 public:
  AdamWOptions(double lr = 1e-3) : lr_(lr) {}  // NOLINT(*-explicit-*)
  using Betas = std::tuple<double, double>;
  BALLAST_ARG(double, lr);
  BALLAST_ARG(Betas, betas) = {0.9, 0.999};
  BALLAST_ARG(double, eps) = 1e-8;
  BALLAST_ARG(double, weight_decay) = 1e-2;
  BALLAST_ARG(bool, amsgrad) = false;
  BALLAST_ARG(bool, maximize) = false;

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

class AdamParamState : public OptimizerCloneableParamState<AdamParamState> {
  BALLAST_ARG(std::int64_t, step) = 0;
  BALLAST_ARG(Tensor, exp_avg);
  BALLAST_ARG(Tensor, exp_avg_sq);
  BALLAST_ARG(Tensor, max_exp_avg_sq);  ///< with amsgrad only

 public:
  [[nodiscard]] Fields fields() override;
};

class AdamWParamState : public OptimizerCloneableParamState<AdamWParamState> {
  BALLAST_ARG(std::int64_t, step) = 0;
  BALLAST_ARG(Tensor, exp_avg);
  BALLAST_ARG(Tensor, exp_avg_sq);
  BALLAST_ARG(Tensor, max_exp_avg_sq);

 public:
  [[nodiscard]] Fields fields() override;
};

class Adam : public OptimizerOf<AdamOptions, AdamParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

class AdamW : public OptimizerOf<AdamWOptions, AdamWParamState> {
 public:
  using OptimizerOf::OptimizerOf;
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace ballast::optim
