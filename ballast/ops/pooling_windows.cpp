#include "ballast/ops/pooling_windows.h"

#include <fmt/ranges.h>

namespace ballast::detail {

PoolingInput::PoolingInput(const char* name, std::size_t dims, const Tensor& x)
    : function(name), kernel(name), rank(dims), input(x) {
  const auto full = static_cast<std::int64_t>(rank) + 2;
  check<ShapeError>(
      x.dim() == full || x.dim() == full - 1,
      "{}: Expected {}D or {}D (batch mode) tensor with optional 0 dim batch size for input, but got: {}",
      function, full - 1, full, Shown{x.sizes()});
  for (std::int64_t d = x.dim() == full ? 1 : 0; d < x.dim(); ++d) {
    check<ShapeError>(
        x.size(d) > 0,
        "{}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {} with "
        "dimension {} being empty",
        function, Shown{x.sizes()}, d);
  }
  const std::size_t lead = x.sizes().size() - rank;
  planes = numel_of(x.sizes().slice(0, lead));
  in = space_of(x.sizes().slice(lead));
}

Windows PoolingInput::take_windows(IntArrayRef kernel_size, IntArrayRef stride, IntArrayRef padding,
                                   IntArrayRef dilation, bool ceil_mode) {
  const auto whole = [&](IntArrayRef v, const char* what, std::int64_t missing) {
    check<ValueError>(v.size() == rank || v.size() == 1, "{}: {} must either be a single int or {} ints",
                      function, what, rank);
    return space_of(v.size() == rank ? Dims(v) : Dims(rank, v[0]), missing);
  };
  Windows w;
  w.kernel = whole(kernel_size, "kernel_size", 1);
  w.stride = stride.empty() ? w.kernel : whole(stride, "stride", 1);
  w.before = whole(padding, "padding", 0);
  w.dilation = whole(dilation, "dilation", 1);
  for (std::size_t d = 3 - rank; d < 3; ++d) {
    check<ValueError>(w.kernel[d] > 0, "{}: kernel size should be greater than zero, but got {}", function,
                      w.kernel[d]);
    check<ValueError>(w.stride[d] > 0, "{}: stride should be greater than zero, but got {}", function,
                      w.stride[d]);
    check<ValueError>(w.dilation[d] > 0, "{}: dilation should be greater than zero, but got {}", function,
                      w.dilation[d]);
    check<ValueError>(w.before[d] >= 0, "pad must be non-negative, but got pad: {}", w.before[d]);
    check<ValueError>(
        w.before[d] <= w.reach(d) / 2,
        "pad should be at most half of effective kernel size, but got pad={}, kernel_size={} and dilation={}",
        w.before[d], w.kernel[d], w.dilation[d]);
    const std::int64_t room = in[d] + 2 * w.before[d] - w.reach(d);
    const std::int64_t over = ceil_mode ? w.stride[d] - 1 : 0;
    out[d] = room + over < 0 ? 0 : (room + over) / w.stride[d] + 1;
    // A window that begins beyond the end and its padding does not count.
    if (ceil_mode && (out[d] - 1) * w.stride[d] >= in[d] + w.before[d]) --out[d];
  }
  if (std::any_of(out.begin(), out.end(), [](std::int64_t s) { return s <= 0; })) {
    const std::int64_t channels = input.size(-static_cast<std::int64_t>(rank) - 1);
    throw ShapeError(
        fmt::format("Given input size: ({}x{}). Calculated output size: ({}x{}). Output size is too small",
                    channels, fmt::join(last(in), "x"), channels, fmt::join(last(out), "x")));
  }
  return w;
}

void PoolingInput::take_output_size(IntArrayRef output_size) {
  check<ValueError>(output_size.size() == rank || output_size.size() == 1,
                    "{}: output_size must be {}, but got {}", function, rank, output_size.size());
  out = space_of(output_size.size() == rank ? Dims(output_size) : Dims(rank, output_size[0]));
  for (const std::int64_t s : output_size) {
    check<ValueError>(s >= 0,
                      "{}: elements of output_size must be greater than or equal to 0 but received {}",
                      function, Shown{output_size});
  }
}

Dims PoolingInput::result_sizes() const {
  Dims sizes(input.sizes().slice(0, input.sizes().size() - rank));
  for (std::size_t d = 3 - rank; d < 3; ++d) sizes.push_back(out[d]);
  return sizes;
}

}  // namespace ballast::detail
