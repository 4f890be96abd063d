#include "ballast/nn/layers/activation.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"

namespace ballast::nn {

Tensor ReLUImpl::forward(const Tensor& input) { return functional::relu(input, options.inplace()); }

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
