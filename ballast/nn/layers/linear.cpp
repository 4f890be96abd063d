#include "ballast/nn/layers/linear.h"

#include <cmath>

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"

namespace ballast::nn {

LinearImpl::LinearImpl(const LinearOptions& options_) : options(options_) { LinearImpl::reset(); }

void LinearImpl::reset() {
  bind_parameter("weight", weight, empty({options.out_features(), options.in_features()}));
  bind_parameter("bias", bias, options.bias() ? empty(options.out_features()) : Tensor());
  reset_parameters();
}

void LinearImpl::reset_parameters() { init::default_weight_and_bias_(weight, bias); }

Tensor LinearImpl::forward(const Tensor& input) { return functional::linear(input, weight, bias); }

std::string LinearImpl::extra_repr() const {
  return ExtraRepr()
      .add("in_features", options.in_features())
      .add("out_features", options.out_features())
      .add("bias", bias.defined());
}

BilinearImpl::BilinearImpl(const BilinearOptions& options_) : options(options_) { BilinearImpl::reset(); }

void BilinearImpl::reset() {
  bind_parameter("weight", weight,
                 empty({options.out_features(), options.in1_features(), options.in2_features()}));
  bind_parameter("bias", bias, options.bias() ? empty(options.out_features()) : Tensor());
  reset_parameters();
}

void BilinearImpl::reset_parameters() {
  check<ValueError>(options.in1_features() > 0, "in1_features must be > 0, but got (in1_features={})",
                    options.in1_features());
  const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
  init::uniform_(weight, -bound, bound);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}

Tensor BilinearImpl::forward(const Tensor& input1, const Tensor& input2) {
  return functional::bilinear(input1, input2, weight, bias);
}

std::string BilinearImpl::extra_repr() const {
  return ExtraRepr()
      .add("in1_features", options.in1_features())
      .add("in2_features", options.in2_features())
      .add("out_features", options.out_features())
      .add("bias", bias.defined());
}

}  // namespace ballast::nn
