#include "ballast/ops/pooling.h"
#include "ballast/ops/pooling_windows.h"
#include "ballast/ops/resampling.h"

namespace ballast {
namespace {

using detail::DimTaps;
using detail::PoolingInput;
using detail::Taps;

constexpr std::array kNames{"AvgPool1DBackward0", "AvgPool2DBackward0", "AvgPool3DBackward0"};
constexpr std::array kAdaptiveNames{"AdaptiveAvgPool1DBackward0", "AdaptiveAvgPool2DBackward0",
                                    "AdaptiveAvgPool3DBackward0"};

/// The plan of a pooling: of each dimension the window of each result, and by what its sum is divided.
struct Window {
  std::int64_t first, last, divisor;
};
template <class WindowOf>
std::vector<DimTaps> plan_of(const PoolingInput& p, const WindowOf& window) {
  std::vector<DimTaps> plan;
  const std::size_t lead = p.input.sizes().size() - p.rank;
  for (std::size_t i = 0; i < p.rank; ++i) {
    const std::size_t d = 3 - p.rank + i;
    Taps taps(p.in[d]);
    for (std::int64_t o = 0; o < p.out[d]; ++o) {
      taps.begin_output();
      const Window w = window(d, o);
      for (std::int64_t k = w.first; k < w.last; ++k) taps.add(k, 1 / static_cast<double>(w.divisor));
    }
    plan.push_back({lead + i, std::move(taps)});
  }
  return plan;
}

Tensor avg_pool(std::size_t rank, const char* function, const Tensor& input, IntArrayRef kernel,
                IntArrayRef stride, IntArrayRef padding, bool ceil_mode, bool count_include_pad,
                std::optional<std::int64_t> divisor_override) {
  PoolingInput p(function, rank, input);
  const Windows w = p.take_windows(kernel, stride, padding, 1, ceil_mode);
  check<ValueError>(divisor_override != 0, "divisor must be not zero");
  return detail::resample(kNames[rank - 1], input, plan_of(p, [&](std::size_t d, std::int64_t o) {
                            const std::int64_t start = o * w.stride[d] - w.before[d];
                            const std::int64_t padded_end =
                                std::min(start + w.kernel[d], p.in[d] + w.before[d]);
                            const std::int64_t first = std::max<std::int64_t>(start, 0);
                            const std::int64_t last = std::min(padded_end, p.in[d]);
                            std::int64_t divisor = count_include_pad ? padded_end - start : last - first;
                            if (divisor_override) divisor = d == 2 ? *divisor_override : 1;
                            return Window{first, last, divisor};
                          }));
}

Tensor adaptive_avg_pool(std::size_t rank, const char* function, const Tensor& input,
                         IntArrayRef output_size) {
  PoolingInput p(function, rank, input);
  p.take_output_size(output_size);
  return detail::resample(kAdaptiveNames[rank - 1], input, plan_of(p, [&](std::size_t d, std::int64_t o) {
                            const std::int64_t first = detail::adaptive_begin(o, p.in[d], p.out[d]);
                            const std::int64_t last = detail::adaptive_end(o, p.in[d], p.out[d]);
                            return Window{first, last, last - first};
                          }));
}

}  // namespace

Tensor avg_pool1d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                  bool ceil_mode, bool count_include_pad) {
  return avg_pool(1, "avg_pool1d", input, kernel_size, stride, padding, ceil_mode, count_include_pad, {});
}
Tensor avg_pool2d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                  bool ceil_mode, bool count_include_pad, std::optional<std::int64_t> divisor_override) {
  return avg_pool(2, "avg_pool2d", input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                  divisor_override);
}
Tensor avg_pool3d(const Tensor& input, IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                  bool ceil_mode, bool count_include_pad, std::optional<std::int64_t> divisor_override) {
  return avg_pool(3, "avg_pool3d", input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                  divisor_override);
}
Tensor adaptive_avg_pool1d(const Tensor& input, IntArrayRef output_size) {
  return adaptive_avg_pool(1, "adaptive_avg_pool1d", input, output_size);
}
Tensor adaptive_avg_pool2d(const Tensor& input, IntArrayRef output_size) {
  return adaptive_avg_pool(2, "adaptive_avg_pool2d", input, output_size);
}
Tensor adaptive_avg_pool3d(const Tensor& input, IntArrayRef output_size) {
  return adaptive_avg_pool(3, "adaptive_avg_pool3d", input, output_size);
}

}  // namespace ballast
