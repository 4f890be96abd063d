// Pooling to a size of the result: adaptive (windows of about equal size) and fractional (windows drawn at
// random,
// Graham 2014).
//
//   nn::AdaptiveAvgPool2d pool(1);                                                    // one number a
//   channel
//   nn::AdaptiveMaxPool2d kept(nn::AdaptiveMaxPool2dOptions({std::nullopt, 7}));      // the height stays
//   nn::FractionalMaxPool2d half(nn::FractionalMaxPool2dOptions(3).output_ratio(0.5));
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

/// An absent size keeps the input's.
template <std::size_t D>
struct AdaptivePoolOptions {
  AdaptivePoolOptions(ExpandingArrayWithOptionalElem<D> output_size)  // NOLINT(*-explicit-*)
      : output_size_(std::move(output_size)) {}
  AdaptivePoolOptions(std::initializer_list<std::optional<std::int64_t>> output_size)
      : output_size_(output_size) {}
  BALLAST_ARG(ExpandingArrayWithOptionalElem<D>, output_size);
  BALLAST_ARG(bool, return_indices) = false;  ///< of maxima
};
template <std::size_t D>
class AdaptivePoolImpl : public Module {
 public:
  explicit AdaptivePoolImpl(ExpandingArrayWithOptionalElem<D> output_size)
      : options(std::move(output_size)) {}
  explicit AdaptivePoolImpl(const AdaptivePoolOptions<D>& options_) : options(options_) {}
  std::string extra_repr() const override;
  AdaptivePoolOptions<D> options;
};
extern template class AdaptivePoolImpl<1>;
extern template class AdaptivePoolImpl<2>;
extern template class AdaptivePoolImpl<3>;
using AdaptiveAvgPool1dOptions = AdaptivePoolOptions<1>;
using AdaptiveAvgPool2dOptions = AdaptivePoolOptions<2>;
using AdaptiveAvgPool3dOptions = AdaptivePoolOptions<3>;
class AdaptiveAvgPool1dImpl : public Cloneable<AdaptiveAvgPool1dImpl, AdaptivePoolImpl<1>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
class AdaptiveAvgPool2dImpl : public Cloneable<AdaptiveAvgPool2dImpl, AdaptivePoolImpl<2>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
class AdaptiveAvgPool3dImpl : public Cloneable<AdaptiveAvgPool3dImpl, AdaptivePoolImpl<3>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
};
BALLAST_MODULE(AdaptiveAvgPool1d);
BALLAST_MODULE(AdaptiveAvgPool2d);
BALLAST_MODULE(AdaptiveAvgPool3d);
using AdaptiveMaxPool1dOptions = AdaptivePoolOptions<1>;
using AdaptiveMaxPool2dOptions = AdaptivePoolOptions<2>;
using AdaptiveMaxPool3dOptions = AdaptivePoolOptions<3>;
class AdaptiveMaxPool1dImpl : public Cloneable<AdaptiveMaxPool1dImpl, AdaptivePoolImpl<1>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
  std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
};
class AdaptiveMaxPool2dImpl : public Cloneable<AdaptiveMaxPool2dImpl, AdaptivePoolImpl<2>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
  std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
};
class AdaptiveMaxPool3dImpl : public Cloneable<AdaptiveMaxPool3dImpl, AdaptivePoolImpl<3>> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input);
  std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
};
BALLAST_MODULE(AdaptiveMaxPool1d);
BALLAST_MODULE(AdaptiveMaxPool2d);
BALLAST_MODULE(AdaptiveMaxPool3d);

/// Exactly one of output_size and output_ratio (of the input's size, in (0, 1)).
template <std::size_t D>
struct FractionalMaxPoolOptions {
  FractionalMaxPoolOptions(ExpandingArray<D> kernel_size)
      : kernel_size_(std::move(kernel_size)) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(ExpandingArray<D>, kernel_size);
  BALLAST_OPTIONAL_LIST_ARG(std::optional<ExpandingArray<D>>, std::int64_t, output_size);
  using Ratio = ExpandingArray<D, double>;
  BALLAST_OPTIONAL_LIST_ARG(std::optional<Ratio>, double, output_ratio);
  BALLAST_ARG(bool, return_indices) = false;
  BALLAST_ARG(Tensor, _random_samples);
};
/// Buffer _random_samples. ValueError unless the options say one size, and a ratio between 0 and 1.
template <std::size_t D>
class FractionalMaxPoolImpl : public Module {
 public:
  explicit FractionalMaxPoolImpl(const FractionalMaxPoolOptions<D>& options_);
  Tensor forward(const Tensor& input);
  std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
  FractionalMaxPoolOptions<D> options;
  Tensor _random_samples;
};
extern template class FractionalMaxPoolImpl<2>;
extern template class FractionalMaxPoolImpl<3>;
using FractionalMaxPool2dOptions = FractionalMaxPoolOptions<2>;
using FractionalMaxPool3dOptions = FractionalMaxPoolOptions<3>;
class FractionalMaxPool2dImpl : public Cloneable<FractionalMaxPool2dImpl, FractionalMaxPoolImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class FractionalMaxPool3dImpl : public Cloneable<FractionalMaxPool3dImpl, FractionalMaxPoolImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(FractionalMaxPool2d);
BALLAST_MODULE(FractionalMaxPool3d);

}  // namespace ballast::nn
