#include "ballast/nn/layers/dropout.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional/dropout.h"

namespace ballast::nn {

DropoutNdImpl::DropoutNdImpl(const DropoutOptions& options_) : options(options_) {
  const double p = options.p();
  check<ValueError>(!(p < 0 || p > 1), "dropout probability has to be between 0 and 1, but got {}",
                    detail::python_text(options.p()));
}

std::string DropoutNdImpl::extra_repr() const {
  return ExtraRepr().add("p", options.p()).add("inplace", options.inplace());
}

Tensor DropoutImpl::forward(const Tensor& input) {
  return functional::dropout(input, functional::DropoutFuncOptions().p(options.p()).training(is_training()));
}

}  // namespace ballast::nn
