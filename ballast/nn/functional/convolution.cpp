#include "ballast/nn/functional/convolution.h"

#include "ballast/ops/convolution.h"

namespace ballast::nn::functional {
namespace {

template <std::size_t D>
PaddingArgument argument(const ConvPadding<D>& padding) {
  if (!padding.name().empty()) return padding.name();
  return IntArrayRef(padding.values());
}

}  // namespace

Tensor conv1d(const Tensor& input, const Tensor& weight, const Conv1dFuncOptions& options) {
  return ballast::conv1d(input, weight, options.bias(), options.stride(), argument(options.padding()),
                         options.dilation(), options.groups());
}
Tensor conv2d(const Tensor& input, const Tensor& weight, const Conv2dFuncOptions& options) {
  return ballast::conv2d(input, weight, options.bias(), options.stride(), argument(options.padding()),
                         options.dilation(), options.groups());
}
Tensor conv3d(const Tensor& input, const Tensor& weight, const Conv3dFuncOptions& options) {
  return ballast::conv3d(input, weight, options.bias(), options.stride(), argument(options.padding()),
                         options.dilation(), options.groups());
}
Tensor conv_transpose1d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose1dFuncOptions& options) {
  return ballast::conv_transpose1d(input, weight, options.bias(), options.stride(), options.padding(),
                                   options.output_padding(), options.groups(), options.dilation());
}
Tensor conv_transpose2d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose2dFuncOptions& options) {
  return ballast::conv_transpose2d(input, weight, options.bias(), options.stride(), options.padding(),
                                   options.output_padding(), options.groups(), options.dilation());
}
Tensor conv_transpose3d(const Tensor& input, const Tensor& weight,
                        const ConvTranspose3dFuncOptions& options) {
  return ballast::conv_transpose3d(input, weight, options.bias(), options.stride(), options.padding(),
                                   options.output_padding(), options.groups(), options.dilation());
}

}  // namespace ballast::nn::functional
