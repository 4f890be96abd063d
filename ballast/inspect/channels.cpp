#include <algorithm>
#include <cmath>

#include "ballast/core/parallel.h"
#include "ballast/inspect/distribution.h"
#include "ballast/inspect/element_runs.h"

namespace ballast::inspect::detail {
namespace {

/// Channels that are summed side by side.
constexpr std::int64_t kSideBySide = 512;

/// Each channel by itself.
template <class T>
void norms_one_by_one(const Tensor& tensor, std::int64_t dim, ChannelNorms& norms) {
  const std::int64_t channels = tensor.size(dim);
  const std::int64_t each = tensor.numel() / channels;
  parallel_for(channels, grain_for(each), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      const Tensor part = part_at(tensor, dim, c);
      Seen seen;
      each_run<T>(part, 0, each,
                  [&](const std::byte* p, std::int64_t n) { run_loops<T>().see(p, n, Thresholds{}, seen); });
      const bool others = seen.nans + seen.plus_infinities + seen.minus_infinities > 0;
      norms.l2[static_cast<std::size_t>(c)] = std::sqrt(joined(seen.l2_squares));
      norms.abs_max[static_cast<std::size_t>(c)] =
          others ? std::numeric_limits<double>::infinity() : seen.abs_max;
    }
  });
}

/// Channels that stand side by side in memory, such as the columns of a matrix: row by row, so that every line of memory is
/// fetched once.
template <class T>
void norms_side_by_side(const Tensor& tensor, std::int64_t dim, ChannelNorms& norms) {
  const std::int64_t channels = tensor.size(dim);
  const std::int64_t parts = parts_of(tensor.dtype());
  const std::int64_t step = tensor.stride(dim) * tensor.itemsize();
  const std::int64_t groups = (channels + kSideBySide - 1) / kSideBySide;
  const std::int64_t grain = grain_for(tensor.numel() / channels * std::min(channels, kSideBySide));
  const auto group = [&](std::int64_t first) {
    const std::int64_t count = std::min(kSideBySide, channels - first);
    const Tensor rest = part_at(tensor, dim, first);
    const StridedLoop<1> loop(rest.sizes(), {operand(rest)});
    WideBlock<T> block(tensor.dtype());
    double squares[2 * kSideBySide] = {}, largest[2 * kSideBySide] = {};
    loop.run_range(0, rest.numel(), [&](std::byte* const* p, const std::int64_t* steps, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) {
        block.put(p[0] + i * steps[0], step, 0, count);
        const std::byte* const values = block.bytes();
        for (std::int64_t k = 0; k < count * parts; ++k) {
          const auto x = static_cast<double>(load<T>(values + k * static_cast<std::int64_t>(sizeof(T))));
          const double size = std::fabs(x);
          const bool finite = size <= std::numeric_limits<double>::max();
          squares[k] += finite ? x * x : 0;
          const double seen = finite ? size : std::numeric_limits<double>::infinity();
          largest[k] = seen > largest[k] ? seen : largest[k];
        }
      }
    });
    for (std::int64_t c = 0; c < count; ++c) {
      double sum = 0, most = 0;
      for (std::int64_t k = c * parts; k < (c + 1) * parts; ++k) {
        sum += squares[k];
        most = std::max(most, largest[k]);
      }
      norms.l2[static_cast<std::size_t>(first + c)] = std::sqrt(sum);
      norms.abs_max[static_cast<std::size_t>(first + c)] = most;
    }
  };
  parallel_for(groups, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t g = begin; g < end; ++g) group(g * kSideBySide);
  });
}

/// Whether no other dimension is walked in smaller steps.
bool stand_side_by_side(const Tensor& tensor, std::int64_t dim) {
  for (std::int64_t d = 0; d < tensor.dim(); ++d) {
    if (d != dim && tensor.size(d) > 1 && tensor.stride(d) <= tensor.stride(dim)) return false;
  }
  return tensor.numel() > tensor.size(dim);
}

}  // namespace

Tensor part_at(const Tensor& tensor, std::int64_t dim, std::int64_t index) {
  std::vector<std::int64_t> sizes = tensor.sizes().vec(), strides = tensor.strides().vec();
  sizes.erase(sizes.begin() + dim);
  strides.erase(strides.begin() + dim);
  return tensor.alias(sizes, strides, tensor.storage_offset() + index * tensor.stride(dim));
}

ChannelNorms channel_norms(const Tensor& tensor, std::int64_t dim) {
  dim = wrap_dim(dim, tensor.dim());
  const std::int64_t channels = tensor.dim() == 0 ? 1 : tensor.size(dim);
  ChannelNorms norms{std::vector<double>(static_cast<std::size_t>(channels)),
                     std::vector<double>(static_cast<std::size_t>(channels))};
  if (tensor.numel() == 0) return norms;
  with_run_type(is_wide(tensor.dtype()), [&]<class T>(std::type_identity<T>) {
    if (stand_side_by_side(tensor, dim)) {
      norms_side_by_side<T>(tensor, dim, norms);
    } else {
      norms_one_by_one<T>(tensor, dim, norms);
    }
  });
  return norms;
}

}  // namespace ballast::inspect::detail
