#include "ballast/nn/functional/vision.h"

#include "ballast/ops/fold.h"
#include "ballast/ops/interpolation.h"

namespace ballast::nn::functional {

Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& o) {
  Interpolation i;
  check<ValueError>(o.size() || o.scale_factor(), "either size or scale_factor should be defined");
  if (const auto& size = o.size()) i.size.assign(size->begin(), size->end());
  if (const auto& factor = o.scale_factor()) i.scale_factor.assign(factor->begin(), factor->end());
  i.mode = o.mode().python();
  i.align_corners = o.align_corners();
  i.recompute_scale_factor = o.recompute_scale_factor();
  i.antialias = o.antialias();
  return ballast::interpolate(input, i);
}

Tensor fold(const Tensor& input, const FoldFuncOptions& o) {
  return col2im(input, o.output_size(), o.kernel_size(), o.dilation(), o.padding(), o.stride());
}
Tensor unfold(const Tensor& input, const UnfoldFuncOptions& o) {
  return im2col(input, o.kernel_size(), o.dilation(), o.padding(), o.stride());
}
Tensor pixel_shuffle(const Tensor& input, const PixelShuffleFuncOptions& o) {
  return ballast::pixel_shuffle(input, o.upscale_factor());
}
Tensor pixel_unshuffle(const Tensor& input, const PixelUnshuffleFuncOptions& o) {
  return ballast::pixel_unshuffle(input, o.downscale_factor());
}
Tensor channel_shuffle(const Tensor& input, std::int64_t groups) {
  return ballast::channel_shuffle(input, groups);
}

}  // namespace ballast::nn::functional
