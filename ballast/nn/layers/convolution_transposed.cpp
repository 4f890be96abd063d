#include "ballast/nn/layers/convolution_transposed.h"

#include <algorithm>

#include "ballast/nn/extra_repr.h"

namespace ballast::nn {

template <std::size_t D>
ConvTransposeNdImpl<D>::ConvTransposeNdImpl(const ConvTransposeOptions<D>& options_) : options(options_) {
  ConvTransposeNdImpl::reset();
}

template <std::size_t D>
void ConvTransposeNdImpl<D>::reset() {
  check<ValueError>(options.padding_mode().is(kZeros),
                    "Only \"zeros\" padding mode is supported for ConvTranspose{}d", D);
  detail::check_groups(options.in_channels(), options.out_channels(), options.groups());
  Dims sizes{options.in_channels(), options.out_channels() / options.groups()};
  for (const std::int64_t k : *options.kernel_size()) sizes.push_back(k);
  bind_parameter("weight", weight, empty(sizes));
  bind_parameter("bias", bias, options.bias() ? empty(options.out_channels()) : Tensor());
  reset_parameters();
}

template <std::size_t D>
void ConvTransposeNdImpl<D>::reset_parameters() {
  detail::reset_convolution(weight, bias);
}

template <std::size_t D>
std::string ConvTransposeNdImpl<D>::extra_repr() const {
  const auto all = [](const ExpandingArray<D>& values, std::int64_t value) {
    return std::ranges::all_of(*values, [value](std::int64_t v) { return v == value; });
  };
  return ExtraRepr()
      .add(options.in_channels())
      .add(options.out_channels())
      .add("kernel_size", *options.kernel_size())
      .add("stride", *options.stride())
      .add_if(!all(options.padding(), 0), "padding", *options.padding())
      .add_if(!all(options.dilation(), 1), "dilation", *options.dilation())
      .add_if(!all(options.output_padding(), 0), "output_padding", *options.output_padding())
      .add_if(options.groups() != 1, "groups", options.groups())
      .add_if(!bias.defined(), "bias", false);
}

template class ConvTransposeNdImpl<1>;
template class ConvTransposeNdImpl<2>;
template class ConvTransposeNdImpl<3>;

}  // namespace ballast::nn
