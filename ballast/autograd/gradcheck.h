// Whether gradients are right: analytic ones against differences of the function's values.
//
//   Tensor x = randn({3, 4}, kFloat64).requires_grad_();
//   autograd::gradcheck([](const autograd::variable_list& in) { return autograd::variable_list{in[0].tanh()}; }, {x});
//   autograd::gradgradcheck(...);      // the gradients of the gradients
//
// Use float64, values away from kinks, and few elements: the function is called twice for each.
#pragma once

#include <functional>

#include "ballast/autograd/engine.h"

namespace ballast::autograd {

using DifferentiableFunction = std::function<variable_list(const variable_list&)>;

struct GradcheckOptions {
  double eps = 1e-6;   ///< step of the differences
  double atol = 1e-5;  ///< |analytic - numeric| <= atol + rtol |numeric|
  double rtol = 1e-3;
};

/// Throws Error "Jacobian mismatch for output 0 with respect to input 1, ..." with both numbers where they differ; inputs that do
/// not require grad are left alone. Outputs that are not floating point are ignored.
void gradcheck(const DifferentiableFunction& f, const variable_list& inputs,
               const GradcheckOptions& options = {});

/// The same for the backward pass itself, as a function of the inputs and of the gradients that come in (random ones).
void gradgradcheck(const DifferentiableFunction& f, const variable_list& inputs,
                   const GradcheckOptions& options = {});

}  // namespace ballast::autograd
