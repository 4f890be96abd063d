// Transposed convolutions over one, two or three dimensions: the gradient of a convolution with respect to
// its input.
//
//   nn::ConvTranspose2d up(nn::ConvTranspose2dOptions(16, 3, 4).stride(2).padding(1));
//
// Weight: [in, out / groups, kernel...] (so its fan_in counts the output channels); bias: [out]. They
// start as in Conv.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ballast/nn/layers/convolution.h"

namespace ballast::nn {

template <std::size_t D>
struct ConvTransposeOptions {
  ConvTransposeOptions(std::int64_t in_channels, std::int64_t out_channels, ExpandingArray<D> kernel_size)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_size_(std::move(kernel_size)) {}
  BALLAST_ARG(std::int64_t, in_channels);
  BALLAST_ARG(std::int64_t, out_channels);
  BALLAST_ARG(ExpandingArray<D>, kernel_size);
  BALLAST_ARG(ExpandingArray<D>, stride) = 1;
  BALLAST_ARG(ExpandingArray<D>, padding) = 0;
  BALLAST_ARG(ExpandingArray<D>, output_padding) = 0;  ///< added to one end of the result's dimensions
  BALLAST_ARG(std::int64_t, groups) = 1;
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(ExpandingArray<D>, dilation) = 1;
  BALLAST_ARG(PaddingMode, padding_mode);  ///< only kZeros
};
using ConvTranspose1dOptions = ConvTransposeOptions<1>;
using ConvTranspose2dOptions = ConvTransposeOptions<2>;
using ConvTranspose3dOptions = ConvTransposeOptions<3>;

/// What the three share. ValueError for groups that do not divide the channels, and for other padding than
/// zeros.
template <std::size_t D>
class ConvTransposeNdImpl : public Module {
 public:
  ConvTransposeNdImpl(std::int64_t in_channels, std::int64_t out_channels, ExpandingArray<D> kernel_size)
      : ConvTransposeNdImpl(ConvTransposeOptions<D>(in_channels, out_channels, std::move(kernel_size))) {}
  explicit ConvTransposeNdImpl(const ConvTransposeOptions<D>& options_);
  virtual void reset();
  void reset_parameters();
  /// Several sizes of the result are possible where the stride is above 1: `output_size`, of the last
  /// dimensions or of all, chooses
  /// one. ValueError "requested an output size of [20, 20], but valid sizes range from [11, 11] to [12,
  /// 12]".
  Tensor forward(const Tensor& input, std::optional<IntArrayRef> output_size = std::nullopt);
  std::string extra_repr() const override;

  ConvTransposeOptions<D> options;
  Tensor weight;
  Tensor bias;  ///< undefined with bias(false)
};

extern template class ConvTransposeNdImpl<1>;
extern template class ConvTransposeNdImpl<2>;
extern template class ConvTransposeNdImpl<3>;

class ConvTranspose1dImpl : public Cloneable<ConvTranspose1dImpl, ConvTransposeNdImpl<1>> {
 public:
  using Cloneable::Cloneable;
};
class ConvTranspose2dImpl : public Cloneable<ConvTranspose2dImpl, ConvTransposeNdImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class ConvTranspose3dImpl : public Cloneable<ConvTranspose3dImpl, ConvTransposeNdImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(ConvTranspose1d);
BALLAST_MODULE(ConvTranspose2d);
BALLAST_MODULE(ConvTranspose3d);

}  // namespace ballast::nn
