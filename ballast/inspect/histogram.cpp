#include <algorithm>
#include <cmath>
#include <functional>

#include "ballast/inspect/distribution.h"
#include "ballast/inspect/element_runs.h"
#include "ballast/inspect/over_threads.h"

namespace ballast::inspect::detail {

std::vector<double> bin_edges(double min, double max, std::int64_t bins) {
  constexpr double kAround = 0.5;  // of a single value
  if (min == max) {
    min -= kAround;
    max += kAround;
  }
  std::vector<double> edges(static_cast<std::size_t>(bins) + 1);
  const auto n = static_cast<double>(bins);
  const double range = max - min;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto k = static_cast<double>(i);
    // Where the range itself overflows, its parts do not.
    edges[i] = std::isfinite(range) ? min + k * (range / n) : min * ((n - k) / n) + max * (k / n);
  }
  edges.back() = max;
  return edges;
}

std::vector<std::int64_t> histogram(const Tensor& tensor, const std::vector<double>& edges, bool release) {
  const std::size_t bins = edges.size() - 1;
  const double first = edges.front();
  const bool halve = !std::isfinite(edges.back() - first);
  const double unit = halve ? 0.5 : 1;
  const double range = edges.back() * unit - first * unit;
  const double per_unit = static_cast<double>(bins) / range;
  // Where values stand so close that edges coincide, bins are searched for.
  const bool apart = std::isfinite(per_unit) &&
                     std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) == edges.end();
  const auto bin_of = [&](double x) {
    if (!apart) {
      return static_cast<std::size_t>(std::upper_bound(edges.begin() + 1, edges.end() - 1, x) -
                                      edges.begin()) -
             1;
    }
    const double place = (x * unit - first * unit) * per_unit;
    std::size_t bin = place > 0 ? std::min(static_cast<std::size_t>(place), bins - 1) : 0;
    // What rounding has put on the wrong side of an edge.
    while (bin > 0 && x < edges[bin]) --bin;
    while (bin + 1 < bins && x >= edges[bin + 1]) ++bin;
    return bin;
  };
  std::vector<std::int64_t> counts(bins);
  with_run_type(is_wide(tensor.dtype()), [&]<class T>(std::type_identity<T>) {
    const auto look = [&](std::vector<std::int64_t>& local, const Piece& piece) {
      expect_pages(tensor, piece);
      each_run<T>(tensor, piece.begin, piece.end, [&](const std::byte* p, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) {
          const auto x = static_cast<double>(load<T>(p + i * static_cast<std::int64_t>(sizeof(T))));
          if (std::isfinite(x)) ++local[bin_of(x)];
        }
      });
      if (release) release_pages(tensor, piece);
    };
    over_threads(tensor, counts, look, [&](const std::vector<std::int64_t>& local) {
      for (std::size_t b = 0; b < bins; ++b) counts[b] += local[b];
    });
  });
  return counts;
}

}  // namespace ballast::inspect::detail
