// Convolutions as functions.
//
//   namespace F = ballast::nn::functional;
//   Tensor y = F::conv2d(x, w, F::Conv2dFuncOptions().bias(b).stride(2).padding(1));
//   Tensor y = F::conv2d(x, w, F::Conv2dFuncOptions().padding(kSame));
//   Tensor x = F::conv_transpose2d(y, w, F::ConvTranspose2dFuncOptions().stride(2));
//
// Shapes and errors are those of ballast/ops/convolution.h.
#pragma once

#include "ballast/nn/layers/convolution_transposed.h"

namespace ballast::nn::functional {

template <std::size_t D>
struct ConvFuncOptions {
  BALLAST_ARG(Tensor, bias);
  BALLAST_ARG(ExpandingArray<D>, stride) = 1;
  BALLAST_ARG(ConvPadding<D>, padding) = 0;
  BALLAST_ARG(ExpandingArray<D>, dilation) = 1;
  BALLAST_ARG(std::int64_t, groups) = 1;
};
template <std::size_t D>
struct ConvTransposeFuncOptions {
  BALLAST_ARG(Tensor, bias);
  BALLAST_ARG(ExpandingArray<D>, stride) = 1;
  BALLAST_ARG(ExpandingArray<D>, padding) = 0;
  BALLAST_ARG(ExpandingArray<D>, output_padding) = 0;
  BALLAST_ARG(std::int64_t, groups) = 1;
  BALLAST_ARG(ExpandingArray<D>, dilation) = 1;
};
using Conv1dFuncOptions = ConvFuncOptions<1>;
using Conv2dFuncOptions = ConvFuncOptions<2>;
using Conv3dFuncOptions = ConvFuncOptions<3>;
using ConvTranspose1dFuncOptions = ConvTransposeFuncOptions<1>;
using ConvTranspose2dFuncOptions = ConvTransposeFuncOptions<2>;
using ConvTranspose3dFuncOptions = ConvTransposeFuncOptions<3>;

[[nodiscard]] Tensor conv1d(const Tensor& input, const Tensor& weight, const Conv1dFuncOptions& options = {});
[[nodiscard]] Tensor conv2d(const Tensor& input, const Tensor& weight, const Conv2dFuncOptions& options = {});
[[nodiscard]] Tensor conv3d(const Tensor& input, const Tensor& weight, const Conv3dFuncOptions& options = {});
[[nodiscard]] Tensor conv_transpose1d(const Tensor& input, const Tensor& weight,
                                      const ConvTranspose1dFuncOptions& options = {});
[[nodiscard]] Tensor conv_transpose2d(const Tensor& input, const Tensor& weight,
                                      const ConvTranspose2dFuncOptions& options = {});
[[nodiscard]] Tensor conv_transpose3d(const Tensor& input, const Tensor& weight,
                                      const ConvTranspose3dFuncOptions& options = {});

}  // namespace ballast::nn::functional
