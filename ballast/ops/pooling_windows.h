// What kinds of pooling share: the input as planes, the sizes of the result, the checks. Not installed.
#pragma once

#include "ballast/core/tensor.h"
#include "ballast/ops/windows.h"

namespace ballast::detail {

struct PoolingInput {
  /// Checks the number of dimensions of `x`, and that none but the first of a batch is empty.
  PoolingInput(const char* name, std::size_t dims, const Tensor& x);

  /// Checks windows and takes the sizes of the result from them. With `ceil_mode` windows may reach over
  /// the end.
  Windows take_windows(IntArrayRef kernel, IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
                       bool ceil_mode);
  void take_output_size(IntArrayRef output_size);

  [[nodiscard]] Dims plane_sizes() const { return last(in); }
  [[nodiscard]] Dims result_sizes() const;

  const char* function;
  const char* kernel;  ///< what messages call it where a type is not supported
  std::size_t rank;
  const Tensor& input;
  std::int64_t planes = 1;
  Space in, out{1, 1, 1};

 private:
  [[nodiscard]] Dims last(const Space& s) const { return Dims(IntArrayRef(s.data() + 3 - rank, rank)); }
};

/// The window of result `o` of `out` in an adaptive pooling of `in` elements.
[[nodiscard]] inline std::int64_t adaptive_begin(std::int64_t o, std::int64_t in, std::int64_t out) {
  return o / out * in + o % out * in / out;
}
[[nodiscard]] inline std::int64_t adaptive_end(std::int64_t o, std::int64_t in, std::int64_t out) {
  return 1 + ((o + 1) * in - 1) / out;
}

}  // namespace ballast::detail
