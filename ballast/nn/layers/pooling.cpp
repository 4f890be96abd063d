#include "ballast/nn/layers/pooling.h"

#include "ballast/nn/extra_repr.h"

namespace ballast::nn {

template <std::size_t D>
std::string MaxPoolImpl<D>::extra_repr() const {
  return ExtraRepr()
      .add("kernel_size", options.kernel_size())
      .add("stride", options.stride())
      .add("padding", options.padding())
      .add("dilation", options.dilation())
      .add("ceil_mode", options.ceil_mode());
}

template <std::size_t D>
std::string AvgPoolImpl<D>::extra_repr() const {
  ExtraRepr text;
  if constexpr (D == 1) {  // which PyTorch always shows as tuples
    text.add("kernel_size", *options.kernel_size())
        .add("stride", *options.stride())
        .add("padding", *options.padding());
  } else {
    text.add("kernel_size", options.kernel_size())
        .add("stride", options.stride())
        .add("padding", options.padding());
  }
  return text;
}

template <std::size_t D>
std::string LPPoolImpl<D>::extra_repr() const {
  return ExtraRepr()
      .add("norm_type", options.norm_type())
      .add("kernel_size", options.kernel_size())
      .add("stride", options.stride())
      .add("ceil_mode", options.ceil_mode());
}

template <std::size_t D>
std::string MaxUnpoolImpl<D>::extra_repr() const {
  return ExtraRepr()
      .add("kernel_size", *options.kernel_size())
      .add("stride", *options.stride())
      .add("padding", *options.padding());
}

template class MaxPoolImpl<1>;
template class MaxPoolImpl<2>;
template class MaxPoolImpl<3>;
template class AvgPoolImpl<1>;
template class AvgPoolImpl<2>;
template class AvgPoolImpl<3>;
template class LPPoolImpl<1>;
template class LPPoolImpl<2>;
template class LPPoolImpl<3>;
template class MaxUnpoolImpl<1>;
template class MaxUnpoolImpl<2>;
template class MaxUnpoolImpl<3>;

}  // namespace ballast::nn
