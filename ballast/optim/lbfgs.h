// L-BFGS (Nocedal 1980; Liu & Nocedal 1989): steps along an estimate of the Newton direction, built from the
// last changes of gradient and parameters; with a line search for the strong Wolfe conditions (Nocedal &
// Wright 2006, ch. 3), if asked.
//
//   optim::LBFGS lbfgs(model->parameters(), optim::LBFGSOptions(1).line_search_fn("strong_wolfe"));
//   lbfgs.step([&] {
//     lbfgs.zero_grad();
//     const Tensor loss = mse_loss(model->forward(x), y);
//     loss.backward();
//     return loss;
//   });
//
// One step calls the closure several times, up to max_eval. It needs (history_size + 1) * 2 times the memory
// of the parameters and knows one group only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ballast/optim/optimizer_of.h"

namespace ballast::optim {

class LBFGSOptions : public OptimizerCloneableOptions<LBFGSOptions> {
 public:
  LBFGSOptions(double lr = 1) : lr_(lr) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(double, lr);
  BALLAST_ARG(std::int64_t, max_iter) = 20;
  BALLAST_ARG(std::optional<std::int64_t>, max_eval) = std::nullopt;  ///< max_iter * 5 / 4 if not set
  BALLAST_ARG(double, tolerance_grad) = 1e-7;    ///< of the largest element of the gradient
  BALLAST_ARG(double, tolerance_change) = 1e-9;  ///< of loss, parameters and slope
  BALLAST_ARG(std::int64_t, history_size) = 100;
  BALLAST_ARG(std::optional<std::string>, line_search_fn) = std::nullopt;  ///< or "strong_wolfe"

 public:
  [[nodiscard]] Fields fields() override;
  void validate() const;
};

/// Of all parameters together; it stands under the first. Vectors run over the elements of all parameters.
class LBFGSParamState : public OptimizerCloneableParamState<LBFGSParamState> {
  BALLAST_ARG(std::int64_t, func_evals) = 0;
  BALLAST_ARG(std::int64_t, n_iter) = 0;
  BALLAST_ARG(double, t) = 0;  ///< the last step length
  BALLAST_ARG(double, prev_loss) = 0;
  BALLAST_ARG(Tensor, H_diag);  ///< the scale of the first estimate of the inverse Hessian: one number
  BALLAST_ARG(Tensor, d);       ///< the last direction
  BALLAST_ARG(Tensor, prev_flat_grad);
  BALLAST_ARG(std::vector<Tensor>, old_dirs);  ///< changes of the gradient
  BALLAST_ARG(std::vector<Tensor>, old_stps);  ///< changes of the parameters
  BALLAST_ARG(std::vector<Tensor>, ro);        ///< 1 over the product of the two: one number each

 public:
  [[nodiscard]] Fields fields() override;
  [[nodiscard]] bool follows_parameter() const noexcept override { return false; }
};

class LBFGS : public OptimizerOf<LBFGSOptions, LBFGSParamState> {
 public:
  /// ValueError "LBFGS doesn't support per-parameter options (parameter groups)" unless there is one group.
  explicit LBFGS(std::vector<OptimizerParamGroup> groups, LBFGSOptions defaults = {});
  explicit LBFGS(std::vector<Tensor> params, LBFGSOptions defaults = {})
      : LBFGS(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))}, std::move(defaults)) {
  }
  explicit LBFGS(std::initializer_list<Tensor> params, LBFGSOptions defaults = {})
      : LBFGS(std::vector<Tensor>(params), std::move(defaults)) {}

  /// Gives the loss of the first call. Error "LBFGS requires a closure function".
  Tensor step(LossClosure closure) override;
};

}  // namespace ballast::optim
