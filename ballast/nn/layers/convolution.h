// Convolutions over one, two or three dimensions.
//
//   nn::Conv2d conv(3, 16, 5);                                                  // 16 filters of 3 x 5 x 5
//   nn::Conv2d same(nn::Conv2dOptions(3, 16, {3, 5}).padding(kSame).bias(false));
//
// Weight: [out, in / groups, kernel...]; bias: [out]. Both start as in Linear: kaiming_uniform_(weight,
// sqrt(5)), then
// U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

/// Zeros (or what the padding mode says) added at both ends of each dimension: so many, or as many as keep
/// the size
/// (kSame, "same"), or none (kValid).
template <std::size_t D>
class ConvPadding {
 public:
  ConvPadding(ExpandingArray<D> values) : values_(std::move(values)) {}  // NOLINT(*-explicit-*)
  template <std::integral T>
  ConvPadding(T value) : values_(value) {}                                      // NOLINT(*-explicit-*)
  ConvPadding(std::initializer_list<std::int64_t> values) : values_(values) {}  // NOLINT(*-explicit-*)
  ConvPadding(const std::vector<std::int64_t>& values) : values_(values) {}     // NOLINT(*-explicit-*)
  ConvPadding(enumtype::kSame name) : values_(0), name_(name.python) {}         // NOLINT(*-explicit-*)
  ConvPadding(enumtype::kValid name) : values_(0), name_(name.python) {}        // NOLINT(*-explicit-*)
  ConvPadding(const char* name) : values_(0), name_(name) {}                    // NOLINT(*-explicit-*)
  ConvPadding(std::string name) : values_(0), name_(std::move(name)) {}         // NOLINT(*-explicit-*)

  /// "same", "valid"; empty where numbers were given.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const ExpandingArray<D>& values() const noexcept { return values_; }

 private:
  ExpandingArray<D> values_;
  std::string name_;
};

using PaddingMode = Choice<enumtype::kZeros, enumtype::kReflect, enumtype::kReplicate, enumtype::kCircular>;

template <std::size_t D>
struct ConvOptions {
  ConvOptions(std::int64_t in_channels, std::int64_t out_channels, ExpandingArray<D> kernel_size)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_size_(std::move(kernel_size)) {}
  BALLAST_ARG(std::int64_t, in_channels);
  BALLAST_ARG(std::int64_t, out_channels);
  BALLAST_ARG(ExpandingArray<D>, kernel_size);
  BALLAST_ARG(ExpandingArray<D>, stride) = 1;
  BALLAST_ARG(ConvPadding<D>, padding) = 0;
  BALLAST_ARG(ExpandingArray<D>, dilation) = 1;
  BALLAST_ARG(std::int64_t, groups) = 1;
  BALLAST_ARG(bool, bias) = true;
  BALLAST_ARG(PaddingMode, padding_mode);
};
using Conv1dOptions = ConvOptions<1>;
using Conv2dOptions = ConvOptions<2>;
using Conv3dOptions = ConvOptions<3>;

/// What the three share. ValueError for groups that do not divide the channels, for kSame with a stride,
/// and for
/// strings that name no padding or padding mode.
template <std::size_t D>
class ConvNdImpl : public Module {
 public:
  ConvNdImpl(std::int64_t in_channels, std::int64_t out_channels, ExpandingArray<D> kernel_size)
      : ConvNdImpl(ConvOptions<D>(in_channels, out_channels, std::move(kernel_size))) {}
  explicit ConvNdImpl(const ConvOptions<D>& options_);
  virtual void reset();
  void reset_parameters();
  /// [N, in, ...] -> [N, out, ...]; the batch dimension may be missing.
  Tensor forward(const Tensor& input);
  std::string extra_repr() const override;

  ConvOptions<D> options;
  Tensor weight;
  Tensor bias;  ///< undefined with bias(false)
};

extern template class ConvNdImpl<1>;
extern template class ConvNdImpl<2>;
extern template class ConvNdImpl<3>;

class Conv1dImpl : public Cloneable<Conv1dImpl, ConvNdImpl<1>> {
 public:
  using Cloneable::Cloneable;
};
class Conv2dImpl : public Cloneable<Conv2dImpl, ConvNdImpl<2>> {
 public:
  using Cloneable::Cloneable;
};
class Conv3dImpl : public Cloneable<Conv3dImpl, ConvNdImpl<3>> {
 public:
  using Cloneable::Cloneable;
};
BALLAST_MODULE(Conv1d);
BALLAST_MODULE(Conv2d);
BALLAST_MODULE(Conv3d);

namespace detail {
/// ValueError unless `groups` is positive and divides both.
void check_groups(std::int64_t in_channels, std::int64_t out_channels, std::int64_t groups);
void check_padding_mode(const PaddingMode& mode);
/// As Linear's; a weight with other than row-major strides gets its values in row-major order.
void reset_convolution(const Tensor& weight, const Tensor& bias);
}  // namespace detail

}  // namespace ballast::nn
