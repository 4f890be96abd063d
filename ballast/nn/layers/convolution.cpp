#include "ballast/nn/layers/convolution.h"

#include <algorithm>

#include "ballast/autograd/grad_mode.h"
#include "ballast/nn/extra_repr.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/init.h"

namespace ballast::nn {

namespace detail {

void check_groups(std::int64_t in_channels, std::int64_t out_channels, std::int64_t groups) {
  check<ValueError>(groups > 0, "groups must be a positive integer");
  check<ValueError>(in_channels % groups == 0, "in_channels must be divisible by groups");
  check<ValueError>(out_channels % groups == 0, "out_channels must be divisible by groups");
}

void check_padding_mode(const PaddingMode& mode) {
  check<ValueError>(mode.known(),
                    "padding_mode must be one of {{'replicate', 'reflect', 'zeros', 'circular'}}, but got "
                    "padding_mode='{}'",
                    mode.python());
}

void reset_convolution(const Tensor& weight, const Tensor& bias) {
  if (weight.is_contiguous()) {
    init::default_weight_and_bias_(weight, bias);
    return;
  }
  const Tensor row_major = empty(weight.sizes(), weight.options());
  init::default_weight_and_bias_(row_major, bias);
  const NoGradGuard no_grad;
  weight.copy_(row_major);
}

}  // namespace detail

template <std::size_t D>
ConvNdImpl<D>::ConvNdImpl(const ConvOptions<D>& options_) : options(options_) {
  ConvNdImpl::reset();
}

template <std::size_t D>
void ConvNdImpl<D>::reset() {
  detail::check_groups(options.in_channels(), options.out_channels(), options.groups());
  const std::string& padding = options.padding().name();
  check<ValueError>(padding.empty() || padding == "same" || padding == "valid",
                    "Invalid padding string {}, should be one of {{'same', 'valid'}}", python_repr(padding));
  const bool strided = std::ranges::any_of(*options.stride(), [](std::int64_t s) { return s != 1; });
  check<ValueError>(padding != "same" || !strided,
                    "padding='same' is not supported for strided convolutions");
  detail::check_padding_mode(options.padding_mode());

  Dims sizes{options.out_channels(), options.in_channels() / options.groups()};
  for (const std::int64_t k : *options.kernel_size()) sizes.push_back(k);
  bind_parameter("weight", weight, empty(sizes));
  bind_parameter("bias", bias, options.bias() ? empty(options.out_channels()) : Tensor());
  reset_parameters();
}

template <std::size_t D>
void ConvNdImpl<D>::reset_parameters() {
  detail::reset_convolution(weight, bias);
}

namespace {

Tensor convolved(const Tensor& x, const Tensor& w, const functional::ConvFuncOptions<1>& o) {
  return functional::conv1d(x, w, o);
}
Tensor convolved(const Tensor& x, const Tensor& w, const functional::ConvFuncOptions<2>& o) {
  return functional::conv2d(x, w, o);
}
Tensor convolved(const Tensor& x, const Tensor& w, const functional::ConvFuncOptions<3>& o) {
  return functional::conv3d(x, w, o);
}

/// What a padding mode adds, as `pad` takes it.
template <std::size_t D>
std::vector<std::int64_t> amounts(const ConvOptions<D>& options) {
  std::vector<std::int64_t> out;
  for (std::size_t i = D; i-- > 0;) {
    std::int64_t before = (*options.padding().values())[i];
    std::int64_t after = before;
    if (options.padding().name() == "same") {
      const std::int64_t total = (*options.dilation())[i] * ((*options.kernel_size())[i] - 1);
      before = total / 2;
      after = total - before;
    }
    out.push_back(before);
    out.push_back(after);
  }
  return out;
}

}  // namespace

template <std::size_t D>
Tensor ConvNdImpl<D>::forward(const Tensor& input) {
  functional::ConvFuncOptions<D> how;
  how.bias(bias).stride(options.stride()).dilation(options.dilation()).groups(options.groups());
  if (options.padding_mode().is(kZeros)) return convolved(input, weight, how.padding(options.padding()));
  const Tensor padded = functional::pad(
      input, functional::PadFuncOptions(amounts(options)).mode(options.padding_mode().python()));
  return convolved(padded, weight, how);
}

template <std::size_t D>
std::string ConvNdImpl<D>::extra_repr() const {
  const auto all = [](const ExpandingArray<D>& values, std::int64_t value) {
    return std::ranges::all_of(*values, [value](std::int64_t v) { return v == value; });
  };
  ExtraRepr text;
  text.add(options.in_channels())
      .add(options.out_channels())
      .add("kernel_size", *options.kernel_size())
      .add("stride", *options.stride());
  const std::string& name = options.padding().name();
  text.add_if(!name.empty(), "padding", name)
      .add_if(name.empty() && !all(options.padding().values(), 0), "padding", *options.padding().values())
      .add_if(!all(options.dilation(), 1), "dilation", *options.dilation())
      .add_if(options.groups() != 1, "groups", options.groups())
      .add_if(!bias.defined(), "bias", false)
      .add_if(!options.padding_mode().is(kZeros), "padding_mode", options.padding_mode().python());
  return text;
}

template class ConvNdImpl<1>;
template class ConvNdImpl<2>;
template class ConvNdImpl<3>;

}  // namespace ballast::nn
