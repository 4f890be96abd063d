#include "ballast/nn/layers/padding.h"

#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"

namespace ballast::nn {

template <std::size_t D>
std::string PadImpl<D>::extra_repr() const {
  return ExtraRepr().add(*options.padding());
}

template <std::size_t D>
std::string ConstantPadImpl<D>::extra_repr() const {
  return ExtraRepr().add("padding", *options.padding()).add("value", options.value());
}

template <std::size_t D>
Tensor PadImpl<D>::padded(const Tensor& input, const char* mode) const {
  const auto& amounts = *options.padding();
  return functional::pad(input, functional::PadFuncOptions({amounts.begin(), amounts.end()}).mode(mode));
}

template <std::size_t D>
Tensor ConstantPadImpl<D>::forward(const Tensor& input) {
  const auto& amounts = *options.padding();
  return functional::pad(input,
                         functional::PadFuncOptions({amounts.begin(), amounts.end()}).value(options.value()));
}

template class PadImpl<1>;
template class PadImpl<2>;
template class PadImpl<3>;
template class ConstantPadImpl<1>;
template class ConstantPadImpl<2>;
template class ConstantPadImpl<3>;

}  // namespace ballast::nn
