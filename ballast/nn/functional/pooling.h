// Pooling as functions.
//
//   namespace F = ballast::nn::functional;
//   Tensor y = F::max_pool2d(x, F::MaxPool2dFuncOptions(2));
//   auto [y, at] = F::max_pool2d_with_indices(x, F::MaxPool2dFuncOptions(3).stride(2).padding(1));
//   Tensor y = F::adaptive_avg_pool2d(x, F::AdaptiveAvgPool2dFuncOptions({std::nullopt, 7}));
//
// Options are those of the layers (nn/layers/pooling.h, adaptive_pooling.h).
#pragma once

#include <tuple>

#include "ballast/nn/layers/adaptive_pooling.h"
#include "ballast/nn/layers/pooling.h"

namespace ballast::nn::functional {

using MaxPool1dFuncOptions = MaxPool1dOptions;
using MaxPool2dFuncOptions = MaxPool2dOptions;
using MaxPool3dFuncOptions = MaxPool3dOptions;
using AvgPool1dFuncOptions = AvgPool1dOptions;
using AvgPool2dFuncOptions = AvgPool2dOptions;
using AvgPool3dFuncOptions = AvgPool3dOptions;
using LPPool1dFuncOptions = LPPool1dOptions;
using LPPool2dFuncOptions = LPPool2dOptions;
using LPPool3dFuncOptions = LPPool3dOptions;
using AdaptiveMaxPool1dFuncOptions = AdaptiveMaxPool1dOptions;
using AdaptiveMaxPool2dFuncOptions = AdaptiveMaxPool2dOptions;
using AdaptiveMaxPool3dFuncOptions = AdaptiveMaxPool3dOptions;
using AdaptiveAvgPool1dFuncOptions = AdaptiveAvgPool1dOptions;
using AdaptiveAvgPool2dFuncOptions = AdaptiveAvgPool2dOptions;
using AdaptiveAvgPool3dFuncOptions = AdaptiveAvgPool3dOptions;
using FractionalMaxPool2dFuncOptions = FractionalMaxPool2dOptions;
using FractionalMaxPool3dFuncOptions = FractionalMaxPool3dOptions;
/// As the layer's, and the size of the result where that is not the usual one.
template <std::size_t D>
struct MaxUnpoolFuncOptions : MaxUnpoolOptions<D> {
  using MaxUnpoolOptions<D>::MaxUnpoolOptions;
  MaxUnpoolFuncOptions(const MaxUnpoolOptions<D>& options)
      : MaxUnpoolOptions<D>(options) {}  // NOLINT(*-explicit-*)
  MaxUnpoolFuncOptions& stride(ExpandingArray<D> value) {
    MaxUnpoolOptions<D>::stride(std::move(value));
    return *this;
  }
  MaxUnpoolFuncOptions& padding(ExpandingArray<D> value) {
    MaxUnpoolOptions<D>::padding(std::move(value));
    return *this;
  }
  using MaxUnpoolOptions<D>::stride;
  using MaxUnpoolOptions<D>::padding;
  BALLAST_ARG(std::optional<std::vector<std::int64_t>>, output_size);
};
using MaxUnpool1dFuncOptions = MaxUnpoolFuncOptions<1>;
using MaxUnpool2dFuncOptions = MaxUnpoolFuncOptions<2>;
using MaxUnpool3dFuncOptions = MaxUnpoolFuncOptions<3>;

[[nodiscard]] Tensor max_pool1d(const Tensor& input, const MaxPool1dFuncOptions& options);
[[nodiscard]] Tensor max_pool2d(const Tensor& input, const MaxPool2dFuncOptions& options);
[[nodiscard]] Tensor max_pool3d(const Tensor& input, const MaxPool3dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& input,
                                                                 const MaxPool1dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input,
                                                                 const MaxPool2dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> max_pool3d_with_indices(const Tensor& input,
                                                                 const MaxPool3dFuncOptions& options);
[[nodiscard]] Tensor avg_pool1d(const Tensor& input, const AvgPool1dFuncOptions& options);
[[nodiscard]] Tensor avg_pool2d(const Tensor& input, const AvgPool2dFuncOptions& options);
[[nodiscard]] Tensor avg_pool3d(const Tensor& input, const AvgPool3dFuncOptions& options);

/// (sum of x^p over each window)^(1/p), with the sign of the sum taken out.
[[nodiscard]] Tensor lp_pool1d(const Tensor& input, const LPPool1dFuncOptions& options);
[[nodiscard]] Tensor lp_pool2d(const Tensor& input, const LPPool2dFuncOptions& options);
[[nodiscard]] Tensor lp_pool3d(const Tensor& input, const LPPool3dFuncOptions& options);

[[nodiscard]] Tensor adaptive_avg_pool1d(const Tensor& input, const AdaptiveAvgPool1dFuncOptions& options);
[[nodiscard]] Tensor adaptive_avg_pool2d(const Tensor& input, const AdaptiveAvgPool2dFuncOptions& options);
[[nodiscard]] Tensor adaptive_avg_pool3d(const Tensor& input, const AdaptiveAvgPool3dFuncOptions& options);
[[nodiscard]] Tensor adaptive_max_pool1d(const Tensor& input, const AdaptiveMaxPool1dFuncOptions& options);
[[nodiscard]] Tensor adaptive_max_pool2d(const Tensor& input, const AdaptiveMaxPool2dFuncOptions& options);
[[nodiscard]] Tensor adaptive_max_pool3d(const Tensor& input, const AdaptiveMaxPool3dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> adaptive_max_pool1d_with_indices(
    const Tensor& input, const AdaptiveMaxPool1dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> adaptive_max_pool2d_with_indices(
    const Tensor& input, const AdaptiveMaxPool2dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> adaptive_max_pool3d_with_indices(
    const Tensor& input, const AdaptiveMaxPool3dFuncOptions& options);

/// ValueError "invalid output_size" for a size of the result that the windows cannot give.
[[nodiscard]] Tensor max_unpool1d(const Tensor& input, const Tensor& indices,
                                  const MaxUnpool1dFuncOptions& options);
[[nodiscard]] Tensor max_unpool2d(const Tensor& input, const Tensor& indices,
                                  const MaxUnpool2dFuncOptions& options);
[[nodiscard]] Tensor max_unpool3d(const Tensor& input, const Tensor& indices,
                                  const MaxUnpool3dFuncOptions& options);

/// Samples that the options lack are drawn from the default generator.
[[nodiscard]] Tensor fractional_max_pool2d(const Tensor& input,
                                           const FractionalMaxPool2dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> fractional_max_pool2d_with_indices(
    const Tensor& input, const FractionalMaxPool2dFuncOptions& options);
[[nodiscard]] Tensor fractional_max_pool3d(const Tensor& input,
                                           const FractionalMaxPool3dFuncOptions& options);
[[nodiscard]] std::tuple<Tensor, Tensor> fractional_max_pool3d_with_indices(
    const Tensor& input, const FractionalMaxPool3dFuncOptions& options);

}  // namespace ballast::nn::functional
