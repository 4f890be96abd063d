#include "ballast/nn/layers/dropout.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional/dropout.h"

namespace ballast::nn {

DropoutNdImpl::DropoutNdImpl(const DropoutOptions& options_) : options(options_) {
  const double p = options.p();
  check<ValueError>(!(p < 0 || p > 1), "dropout probability has to be between 0 and 1, but got {}",
                    detail::python_text(options.p()));
}

namespace {

/// The options of a layer as its function takes them.
template <class FuncOptions>
FuncOptions of_layer(const DropoutOptions& options, bool training) {
  return FuncOptions().p(options.p()).training(training).inplace(options.inplace());
}

}  // namespace

Tensor DropoutImpl::forward(const Tensor& input) {
  return functional::dropout(input, of_layer<functional::DropoutFuncOptions>(options, is_training()));
}
Tensor Dropout1dImpl::forward(const Tensor& input) {
  return functional::dropout1d(input, of_layer<functional::Dropout1dFuncOptions>(options, is_training()));
}
Tensor Dropout2dImpl::forward(const Tensor& input) {
  return functional::dropout2d(input, of_layer<functional::Dropout2dFuncOptions>(options, is_training()));
}
Tensor Dropout3dImpl::forward(const Tensor& input) {
  return functional::dropout3d(input, of_layer<functional::Dropout3dFuncOptions>(options, is_training()));
}
Tensor AlphaDropoutImpl::forward(const Tensor& input) {
  return functional::alpha_dropout(input,
                                   of_layer<functional::AlphaDropoutFuncOptions>(options, is_training()));
}
Tensor FeatureAlphaDropoutImpl::forward(const Tensor& input) {
  return functional::feature_alpha_dropout(
      input, of_layer<functional::FeatureAlphaDropoutFuncOptions>(options, is_training()));
}

std::string DropoutNdImpl::extra_repr() const {
  return ExtraRepr().add("p", options.p()).add("inplace", options.inplace());
}

}  // namespace ballast::nn
