// Windows of images as columns, and back; and other ways to lay the channels of an image out anew.
//
//   Tensor columns = im2col(x, {3, 3}, {1, 1}, {0, 0}, {1, 1});       // [N, C * 9, L]
//   Tensor y = pixel_shuffle(x, 2);                                    // [N, C * 4, H, W] -> [N, C, 2 H,
//   2 W]
//
// Inputs may lack the batch dimension.
#pragma once

#include "ballast/core/tensor.h"

namespace ballast {

/// The windows of [N, C, H, W] as columns [N, C * places of a window, windows].
[[nodiscard]] Tensor im2col(const Tensor& self, IntArrayRef kernel_size, IntArrayRef dilation,
                            IntArrayRef padding, IntArrayRef stride);
/// The columns added up into images of `output_size`.
[[nodiscard]] Tensor col2im(const Tensor& self, IntArrayRef output_size, IntArrayRef kernel_size,
                            IntArrayRef dilation, IntArrayRef padding, IntArrayRef stride);

/// [..., C r^2, H, W] -> [..., C, H r, W r] (Shi et al. 2016), and the way back.
[[nodiscard]] Tensor pixel_shuffle(const Tensor& self, std::int64_t upscale_factor);
[[nodiscard]] Tensor pixel_unshuffle(const Tensor& self, std::int64_t downscale_factor);
/// The channels of [N, C, ...] group by group in turn (Zhang et al. 2018).
[[nodiscard]] Tensor channel_shuffle(const Tensor& self, std::int64_t groups);
/// Dimension `dim` as several of `sizes`, of which one may be -1.
[[nodiscard]] Tensor unflatten(const Tensor& self, std::int64_t dim, IntArrayRef sizes);

}  // namespace ballast
