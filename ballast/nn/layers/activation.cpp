#include "ballast/nn/layers/activation.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"

namespace ballast::nn {

namespace F = functional;

Tensor ReLUImpl::forward(const Tensor& input) { return F::relu(input, options); }
Tensor ReLU6Impl::forward(const Tensor& input) { return F::relu6(input, options); }
Tensor SiLUImpl::forward(const Tensor& input) { return F::silu(input, options); }
Tensor MishImpl::forward(const Tensor& input) { return F::mish(input, options); }
Tensor SELUImpl::forward(const Tensor& input) { return F::selu(input, options); }
Tensor HardsigmoidImpl::forward(const Tensor& input) { return F::hardsigmoid(input, options); }
Tensor HardswishImpl::forward(const Tensor& input) { return F::hardswish(input, options); }
Tensor GLUImpl::forward(const Tensor& input) { return F::glu(input, options); }
Tensor ELUImpl::forward(const Tensor& input) { return F::elu(input, options); }
Tensor CELUImpl::forward(const Tensor& input) { return F::celu(input, options); }
Tensor GELUImpl::forward(const Tensor& input) { return F::gelu(input, options); }
Tensor HardshrinkImpl::forward(const Tensor& input) { return F::hardshrink(input, options); }
Tensor SoftshrinkImpl::forward(const Tensor& input) { return F::softshrink(input, options); }
Tensor HardtanhImpl::forward(const Tensor& input) { return F::hardtanh(input, options); }
Tensor LeakyReLUImpl::forward(const Tensor& input) { return F::leaky_relu(input, options); }
Tensor SoftplusImpl::forward(const Tensor& input) { return F::softplus(input, options); }
Tensor ThresholdImpl::forward(const Tensor& input) { return F::threshold(input, options); }
Tensor LogSigmoidImpl::forward(const Tensor& input) { return F::logsigmoid(input); }
Tensor SoftsignImpl::forward(const Tensor& input) { return F::softsign(input); }
Tensor TanhshrinkImpl::forward(const Tensor& input) { return F::tanhshrink(input); }
Tensor SoftmaxImpl::forward(const Tensor& input) { return F::softmax(input, options.dim()); }
Tensor SoftminImpl::forward(const Tensor& input) { return F::softmin(input, options.dim()); }
Tensor LogSoftmaxImpl::forward(const Tensor& input) { return F::log_softmax(input, options.dim()); }
Tensor PReLUImpl::forward(const Tensor& input) { return F::prelu(input, weight); }
Tensor SigmoidImpl::forward(const Tensor& input) { return input.sigmoid(); }
Tensor TanhImpl::forward(const Tensor& input) { return input.tanh(); }
Tensor Softmax2dImpl::forward(const Tensor& input) {
  check<ShapeError>(input.dim() == 4 || input.dim() == 3,
                    "Softmax2d: expected input to be 3D or 4D, got {}D instead", input.dim());
  return input.softmax(-3);
}
Tensor RReLUImpl::forward(const Tensor& input) {
  return F::rrelu(input, F::RReLUFuncOptions()
                             .lower(options.lower())
                             .upper(options.upper())
                             .training(is_training())
                             .inplace(options.inplace()));
}

std::string InplaceActivationImpl::extra_repr() const {
  return ExtraRepr().add_if(options.inplace(), "inplace", true);
}

std::string SoftmaxBaseImpl::extra_repr() const { return ExtraRepr().add("dim", options.dim()); }

std::string GLUImpl::extra_repr() const { return ExtraRepr().add("dim", options.dim()); }

std::string ELUBaseImpl::extra_repr() const {
  return ExtraRepr().add("alpha", options.alpha()).add_if(options.inplace(), "inplace", true);
}

std::string GELUImpl::extra_repr() const {
  return ExtraRepr().add("approximate", python_repr(options.approximate()));
}

std::string ShrinkBaseImpl::extra_repr() const { return ExtraRepr().add(options.lambda()); }

HardtanhImpl::HardtanhImpl(const HardtanhOptions& options_) : options(options_) {
  check<ValueError>(!(options.max_val() <= options.min_val()),
                    "max_val ({}) must be greater than min_val ({})", detail::python_text(options.max_val()),
                    detail::python_text(options.min_val()));
}

std::string HardtanhImpl::extra_repr() const {
  return ExtraRepr()
      .add("min_val", options.min_val())
      .add("max_val", options.max_val())
      .add_if(options.inplace(), "inplace", true);
}

std::string LeakyReLUImpl::extra_repr() const {
  return ExtraRepr()
      .add("negative_slope", options.negative_slope())
      .add_if(options.inplace(), "inplace", true);
}

std::string RReLUImpl::extra_repr() const {
  return ExtraRepr()
      .add("lower", options.lower())
      .add("upper", options.upper())
      .add_if(options.inplace(), "inplace", true);
}

std::string SoftplusImpl::extra_repr() const {
  return ExtraRepr().add("beta", options.beta()).add("threshold", options.threshold());
}

std::string ThresholdImpl::extra_repr() const {
  return ExtraRepr()
      .add("threshold", options.threshold())
      .add("value", options.value())
      .add_if(options.inplace(), "inplace", true);
}

PReLUImpl::PReLUImpl(const PReLUOptions& options_) : options(options_) { PReLUImpl::reset(); }

void PReLUImpl::reset() {
  bind_parameter("weight", weight, empty(options.num_parameters()));
  reset_parameters();
}

void PReLUImpl::reset_parameters() { init::constant_(weight, static_cast<double>(options.init())); }

std::string PReLUImpl::extra_repr() const {
  return ExtraRepr().add("num_parameters", options.num_parameters());
}

}  // namespace ballast::nn
