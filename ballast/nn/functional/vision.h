// Images as functions: enlarging, windows as columns and back, pixel and channel shuffles.
//
//   namespace F = ballast::nn::functional;
//   Tensor y = F::interpolate(x, F::InterpolateFuncOptions().scale_factor({2,
//   2}).mode(kBilinear).align_corners(false));
//   Tensor columns = F::unfold(x, F::UnfoldFuncOptions({3, 3}).padding(1));
#pragma once

#include "ballast/nn/layers/shape.h"
#include "ballast/nn/layers/upsampling.h"

namespace ballast::nn::functional {

/// Exactly one of size and scale_factor; one value for all dimensions or one for each.
struct InterpolateFuncOptions {
  BALLAST_OPTIONAL_LIST_ARG(std::optional<ListOrOne<std::int64_t>>, std::int64_t, size);
  BALLAST_OPTIONAL_LIST_ARG(std::optional<ListOrOne<double>>, double, scale_factor);
  BALLAST_ARG(UpsampleMode, mode);
  BALLAST_ARG(std::optional<bool>, align_corners);
  BALLAST_ARG(std::optional<bool>, recompute_scale_factor);
  BALLAST_ARG(bool, antialias) = false;
};
using FoldFuncOptions = FoldOptions;
using UnfoldFuncOptions = UnfoldOptions;
using PixelShuffleFuncOptions = PixelShuffleOptions;
using PixelUnshuffleFuncOptions = PixelUnshuffleOptions;

/// See ballast/ops/interpolation.h and fold.h.
[[nodiscard]] Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& options = {});
[[nodiscard]] Tensor fold(const Tensor& input, const FoldFuncOptions& options);
[[nodiscard]] Tensor unfold(const Tensor& input, const UnfoldFuncOptions& options);
[[nodiscard]] Tensor pixel_shuffle(const Tensor& input, const PixelShuffleFuncOptions& options);
[[nodiscard]] Tensor pixel_unshuffle(const Tensor& input, const PixelUnshuffleFuncOptions& options);
[[nodiscard]] Tensor channel_shuffle(const Tensor& input, std::int64_t groups);

}  // namespace ballast::nn::functional
