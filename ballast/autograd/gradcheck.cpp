#include "ballast/autograd/gradcheck.h"

#include <cmath>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/variable.h"

namespace ballast::autograd {
namespace {

/// A detached copy in row-major order, to be changed element by element.
Tensor plain(const Tensor& t) {
  Tensor out = empty(t.sizes(), t.options());
  copy_elements(out, t.detach());
  return out;
}

std::vector<Tensor> outputs_of(const DifferentiableFunction& f, const variable_list& inputs) {
  std::vector<Tensor> outs;
  for (Tensor& t : f(inputs)) {
    if (t.defined() && t.is_floating_point()) outs.push_back(std::move(t));
  }
  return outs;
}

/// `inputs` with element `i` of input `k` moved by `step`, laid out as before.
variable_list moved(const variable_list& inputs, std::size_t k, std::int64_t i, double step) {
  variable_list out = inputs;
  const Tensor changed = plain(inputs[k]);
  changed.data_ptr<double>()[i] += step;
  Tensor same_layout = empty_strided(inputs[k].sizes(), inputs[k].strides(), inputs[k].options());
  copy_elements(same_layout, changed);
  same_layout.requires_grad_();
  out[k] = std::move(same_layout);
  return out;
}

void check_usable(const variable_list& inputs) {
  bool any = false;
  for (const Tensor& t : inputs) {
    if (!needs_grad(t)) continue;
    any = true;
    check<DTypeError>(t.dtype() == kFloat64, "gradcheck needs inputs of float64, but one is {}",
                      dtype_name(t.dtype()));
  }
  check<ValueError>(any, "gradcheck expects at least one input tensor to require gradient");
}

}  // namespace

void gradcheck(const DifferentiableFunction& f, const variable_list& inputs,
               const GradcheckOptions& options) {
  check_usable(inputs);
  const std::vector<Tensor> outs = outputs_of(f, inputs);
  variable_list wanted;
  std::vector<std::size_t> numbers;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!needs_grad(inputs[k])) continue;
    wanted.push_back(inputs[k]);
    numbers.push_back(k);
  }
  for (std::size_t o = 0; o < outs.size(); ++o) {
    // analytic[j][k]: the gradient of element j of the output, for each input
    std::vector<variable_list> analytic;
    const std::int64_t rows = outs[o].numel();
    for (std::int64_t j = 0; j < rows && outs[o].requires_grad(); ++j) {
      const Tensor one = empty(outs[o].sizes(), outs[o].options()).zero_();
      one.data_ptr<double>()[j] = 1;
      analytic.push_back(grad({outs[o]}, wanted, {one}, true, false, true));
      for (Tensor& g : analytic.back()) {
        if (g.defined()) g = plain(g);
      }
    }
    for (std::size_t w = 0; w < wanted.size(); ++w) {
      for (std::int64_t i = 0; i < wanted[w].numel(); ++i) {
        const Tensor up = plain(outputs_of(f, moved(inputs, numbers[w], i, options.eps))[o]);
        const Tensor down = plain(outputs_of(f, moved(inputs, numbers[w], i, -options.eps))[o]);
        for (std::int64_t j = 0; j < rows; ++j) {
          const double numeric = (up.data_ptr<double>()[j] - down.data_ptr<double>()[j]) / (2 * options.eps);
          const Tensor g = analytic.empty() ? Tensor() : analytic[static_cast<std::size_t>(j)][w];
          const double exact = g.defined() ? g.data_ptr<double>()[i] : 0;
          const bool close = std::abs(exact - numeric) <= options.atol + options.rtol * std::abs(numeric);
          check(close,
                "Jacobian mismatch for output {} with respect to input {}: d(element {})/d(element {}) is "
                "{} by the tape and {} by differences",
                o, numbers[w], j, i, exact, numeric);
        }
      }
    }
  }
}

void gradgradcheck(const DifferentiableFunction& f, const variable_list& inputs,
                   const GradcheckOptions& options) {
  check_usable(inputs);
  const std::vector<Tensor> outs = outputs_of(f, inputs);
  variable_list all = inputs;
  std::size_t directions = 0;
  for (const Tensor& out : outs) {
    if (!out.requires_grad()) continue;
    Tensor direction = empty(out.sizes(), out.options());
    direction.normal_();
    all.push_back(direction.requires_grad_());
    ++directions;
  }
  const auto backward_of = [&](const variable_list& given) {
    const variable_list own(given.begin(), given.end() - static_cast<std::ptrdiff_t>(directions));
    variable_list results, wanted;
    for (Tensor& out : outputs_of(f, own)) {
      if (out.requires_grad()) results.push_back(std::move(out));
    }
    for (const Tensor& t : own) {
      if (needs_grad(t)) wanted.push_back(t);
    }
    const variable_list along(given.end() - static_cast<std::ptrdiff_t>(directions), given.end());
    variable_list grads = grad(results, wanted, along, true, true, true);
    // A gradient that is 0 everywhere may be left out; it then has nothing to be checked.
    for (std::size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined()) grads[i] = empty(wanted[i].sizes(), wanted[i].options()).zero_();
    }
    return grads;
  };
  gradcheck(backward_of, all, options);
}

}  // namespace ballast::autograd
