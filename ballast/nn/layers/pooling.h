// Pooling over windows: maximum, average, power mean; and undoing maximum pooling.
//
//   nn::MaxPool2d pool(2);                                                     // 2 x 2 windows, stride 2
//   nn::AvgPool2d avg(nn::AvgPool2dOptions({3, 2}).stride(2).ceil_mode(true));
//
// The stride is the kernel's size unless given.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

template <std::size_t D>
struct MaxPoolOptions {
  MaxPoolOptions(ExpandingArray<D> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}  // NOLINT(*-explicit-*)
  MaxPoolOptions(std::initializer_list<std::int64_t> kernel_size)
      : MaxPoolOptions(ExpandingArray<D>(kernel_size)) {}
  BALLAST_ARG(ExpandingArray<D>, kernel_size);
  BALLAST_ARG(ExpandingArray<D>, stride);
  BALLAST_ARG(ExpandingArray<D>, padding) = 0;
  BALLAST_ARG(ExpandingArray<D>, dilation) = 1;
  BALLAST_ARG(bool, return_indices) = false;
  BALLAST_ARG(bool, ceil_mode) = false;  ///< windows may reach over the end
};
template <std::size_t D>
class MaxPoolImpl : public Module {
 public:
  explicit MaxPoolImpl(ExpandingArray<D> kernel_size) : options(std::move(kernel_size)) {}
  explicit MaxPoolImpl(const MaxPoolOptions<D>& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  /// The maxima and where in its plane each lies.
  std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
  std::string extra_repr() const override;
  MaxPoolOptions<D> options;
};
extern template class MaxPoolImpl<1>;
extern template class MaxPoolImpl<2>;
extern template class MaxPoolImpl<3>;
using MaxPool1dOptions = MaxPoolOptions<1>;
using MaxPool2dOptions = MaxPoolOptions<2>;
using MaxPool3dOptions = MaxPoolOptions<3>;
class MaxPool1dImpl : public Cloneable<MaxPool1dImpl, MaxPoolImpl<1>> {
 public:
  using Cloneable::Cloneable;
};
class MaxPool2dImpl : public Cloneable<MaxPool2dImpl, MaxPoolImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class MaxPool3dImpl : public Cloneable<MaxPool3dImpl, MaxPoolImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(MaxPool1d);
BALLAST_MODULE(MaxPool2d);
BALLAST_MODULE(MaxPool3d);

template <std::size_t D>
struct AvgPoolOptions {
  AvgPoolOptions(ExpandingArray<D> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}  // NOLINT(*-explicit-*)
  AvgPoolOptions(std::initializer_list<std::int64_t> kernel_size)
      : AvgPoolOptions(ExpandingArray<D>(kernel_size)) {}
  BALLAST_ARG(ExpandingArray<D>, kernel_size);
  BALLAST_ARG(ExpandingArray<D>, stride);
  BALLAST_ARG(ExpandingArray<D>, padding) = 0;
  BALLAST_ARG(bool, ceil_mode) = false;
  BALLAST_ARG(bool, count_include_pad) = true;  ///< whether padding counts in the average
  BALLAST_ARG(std::optional<std::int64_t>, divisor_override);
};
template <std::size_t D>
class AvgPoolImpl : public Module {
 public:
  explicit AvgPoolImpl(ExpandingArray<D> kernel_size) : options(std::move(kernel_size)) {}
  AvgPoolImpl(ExpandingArray<D> kernel_size, ExpandingArray<D> stride) : options(std::move(kernel_size)) {
    options.stride(std::move(stride));
  }
  explicit AvgPoolImpl(const AvgPoolOptions<D>& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  AvgPoolOptions<D> options;
};
extern template class AvgPoolImpl<1>;
extern template class AvgPoolImpl<2>;
extern template class AvgPoolImpl<3>;
using AvgPool1dOptions = AvgPoolOptions<1>;
using AvgPool2dOptions = AvgPoolOptions<2>;
using AvgPool3dOptions = AvgPoolOptions<3>;
class AvgPool1dImpl : public Cloneable<AvgPool1dImpl, AvgPoolImpl<1>> {
 public:
  using Cloneable::Cloneable;
};
class AvgPool2dImpl : public Cloneable<AvgPool2dImpl, AvgPoolImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class AvgPool3dImpl : public Cloneable<AvgPool3dImpl, AvgPoolImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(AvgPool1d);
BALLAST_MODULE(AvgPool2d);
BALLAST_MODULE(AvgPool3d);

/// (sum of x^p)^(1/p) over each window.
template <std::size_t D>
struct LPPoolOptions {
  LPPoolOptions(Number norm_type, ExpandingArray<D> kernel_size)
      : norm_type_(norm_type), kernel_size_(std::move(kernel_size)) {}
  BALLAST_ARG(Number, norm_type);  ///< p
  BALLAST_ARG(ExpandingArray<D>, kernel_size);
  BALLAST_OPTIONAL_LIST_ARG(std::optional<ExpandingArray<D>>, std::int64_t, stride);
  BALLAST_ARG(bool, ceil_mode) = false;
};
template <std::size_t D>
class LPPoolImpl : public Module {
 public:
  LPPoolImpl(Number norm_type, ExpandingArray<D> kernel_size) : options(norm_type, std::move(kernel_size)) {}
  explicit LPPoolImpl(const LPPoolOptions<D>& options_) : options(options_) {}
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;
  LPPoolOptions<D> options;
};
extern template class LPPoolImpl<1>;
extern template class LPPoolImpl<2>;
extern template class LPPoolImpl<3>;
using LPPool1dOptions = LPPoolOptions<1>;
using LPPool2dOptions = LPPoolOptions<2>;
using LPPool3dOptions = LPPoolOptions<3>;
class LPPool1dImpl : public Cloneable<LPPool1dImpl, LPPoolImpl<1>> {
 public:
  using Cloneable::Cloneable;
};
class LPPool2dImpl : public Cloneable<LPPool2dImpl, LPPoolImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class LPPool3dImpl : public Cloneable<LPPool3dImpl, LPPoolImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(LPPool1d);
BALLAST_MODULE(LPPool2d);
BALLAST_MODULE(LPPool3d);

/// Puts the maxima back where they came from, zeros elsewhere.
template <std::size_t D>
struct MaxUnpoolOptions {
  MaxUnpoolOptions(ExpandingArray<D> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}  // NOLINT(*-explicit-*)
  MaxUnpoolOptions(std::initializer_list<std::int64_t> kernel_size)
      : MaxUnpoolOptions(ExpandingArray<D>(kernel_size)) {}
  BALLAST_ARG(ExpandingArray<D>, kernel_size);
  BALLAST_ARG(ExpandingArray<D>, stride);
  BALLAST_ARG(ExpandingArray<D>, padding) = 0;
};
template <std::size_t D>
class MaxUnpoolImpl : public Module {
 public:
  explicit MaxUnpoolImpl(ExpandingArray<D> kernel_size) : options(std::move(kernel_size)) {}
  explicit MaxUnpoolImpl(const MaxUnpoolOptions<D>& options_) : options(options_) {}
  /// `indices` as max pooling gave them; `output_size` where the size of what was pooled was not the usual
  /// one.
  Tensor forward(const Tensor& input, const Tensor& indices,
                 const std::optional<std::vector<std::int64_t>>& output_size = std::nullopt);
  std::string extra_repr() const override;
  MaxUnpoolOptions<D> options;
};
extern template class MaxUnpoolImpl<1>;
extern template class MaxUnpoolImpl<2>;
extern template class MaxUnpoolImpl<3>;
using MaxUnpool1dOptions = MaxUnpoolOptions<1>;
using MaxUnpool2dOptions = MaxUnpoolOptions<2>;
using MaxUnpool3dOptions = MaxUnpoolOptions<3>;
class MaxUnpool1dImpl : public Cloneable<MaxUnpool1dImpl, MaxUnpoolImpl<1>> {
 public:
  using Cloneable::Cloneable;
};
class MaxUnpool2dImpl : public Cloneable<MaxUnpool2dImpl, MaxUnpoolImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class MaxUnpool3dImpl : public Cloneable<MaxUnpool3dImpl, MaxUnpoolImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(MaxUnpool1d);
BALLAST_MODULE(MaxUnpool2d);
BALLAST_MODULE(MaxUnpool3d);

}  // namespace ballast::nn
