// Optimisers as the golden files name them: a class and Python's keyword arguments.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/golden.h"

#include "ballast/ops/ops.h"
#include "ballast/optim/optim.h"

namespace ballast::testing {

/// Of class "Adam" with arguments {"lr": 0.02, "betas": [0.8, 0.95]}.
[[nodiscard]] std::unique_ptr<optim::Optimizer> make_optimizer(
    const std::string& name, const Json& arguments, std::vector<optim::OptimizerParamGroup> groups);
/// The options alone.
[[nodiscard]] std::unique_ptr<optim::OptimizerOptions> make_options(const std::string& name,
                                                                    const Json& arguments);

/// The largest |a - b| over the largest |b|: what is computed by additions has its rounding from the largest
/// of its terms.
[[nodiscard]] double relative_difference(const Tensor& a, const Tensor& b);
/// All elements of a list of tensors in a row.
[[nodiscard]] Tensor flat(const std::vector<Tensor>& tensors);

/// The parameters of updates.json: start values and a gradient for each step (tests/data/gen/optimfix.py,
/// `problem`).
struct Problem {
  explicit Problem(DType dtype);
  /// Gives the parameters their gradients of `step`; in step 2, parameter 1 has none.
  void set_grads(std::int64_t step) const;

  std::vector<Tensor> params;
  Tensor start, grads;  // float
};

}  // namespace ballast::testing
