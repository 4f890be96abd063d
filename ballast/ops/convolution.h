// Convolutions over the last one, two or three dimensions, and their transposes.
//
//   Tensor y = conv2d(x, w, b, /*stride=*/2, /*padding=*/1);     // x [N, C, H, W], w [O, C / groups, kh,
//   kw], b [O]
//   Tensor y = conv2d(x, w, b, 1, "same");
//   Tensor x = conv_transpose2d(y, w, {}, 2);                    // w [in, out / groups, kh, kw]
//
// Inputs may lack the batch dimension. One number stands for all dimensions. Types: float32 and float64;
// float16 and bfloat16 are
// computed in float32. Errors are PyTorch's: ShapeError "Given groups=1, weight of size [4, 2, 3, 3],
// expected input[1, 3, 5, 5] to
// have 2 channels, but got 3 channels instead".
//
// Underneath are three products of two tensors each, of an input x, a weight w and a result y: y from x
// and w, x from y and w, w
// from x and y. The gradients of any of them are the other two, so they can be differentiated as often as
// one likes.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast {

/// How much is added at both ends of each dimension: so many zeros, or as many as keep the sizes ("same",
/// with a stride of 1 only),
/// or none ("valid").
class PaddingArgument {
 public:
  template <std::integral T>
  PaddingArgument(T one) : values_{static_cast<std::int64_t>(one)} {}               // NOLINT(*-explicit-*)
  PaddingArgument(std::initializer_list<std::int64_t> values) : values_(values) {}  // NOLINT(*-explicit-*)
  PaddingArgument(IntArrayRef values) : values_(values) {}                          // NOLINT(*-explicit-*)
  PaddingArgument(const std::vector<std::int64_t>& values)
      : values_(IntArrayRef(values)) {}  // NOLINT(*-explicit-*)
  template <std::convertible_to<std::string_view> S>
  PaddingArgument(const S& name) : name_(name) {}  // NOLINT(*-explicit-*)

  /// Empty where numbers were given.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] IntArrayRef values() const { return values_; }

 private:
  Dims values_;
  std::string name_;
};

[[nodiscard]] Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                            IntArrayRef stride = 1, const PaddingArgument& padding = 0,
                            IntArrayRef dilation = 1, std::int64_t groups = 1);
[[nodiscard]] Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                            IntArrayRef stride = 1, const PaddingArgument& padding = 0,
                            IntArrayRef dilation = 1, std::int64_t groups = 1);
[[nodiscard]] Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                            IntArrayRef stride = 1, const PaddingArgument& padding = 0,
                            IntArrayRef dilation = 1, std::int64_t groups = 1);

[[nodiscard]] Tensor conv_transpose1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                                      IntArrayRef stride = 1, IntArrayRef padding = 0,
                                      IntArrayRef output_padding = 0, std::int64_t groups = 1,
                                      IntArrayRef dilation = 1);
[[nodiscard]] Tensor conv_transpose2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                                      IntArrayRef stride = 1, IntArrayRef padding = 0,
                                      IntArrayRef output_padding = 0, std::int64_t groups = 1,
                                      IntArrayRef dilation = 1);
[[nodiscard]] Tensor conv_transpose3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                                      IntArrayRef stride = 1, IntArrayRef padding = 0,
                                      IntArrayRef output_padding = 0, std::int64_t groups = 1,
                                      IntArrayRef dilation = 1);

}  // namespace ballast
