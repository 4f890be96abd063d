#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

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

namespace {

/// Finds the bin of a value.
class Bins {
 public:
  explicit Bins(const std::vector<double>& edges)
      : edges_(edges),
        bins_(edges.size() - 1),
        unit_(std::isfinite(edges.back() - edges.front()) ? 1 : 0.5),
        first_(edges.front() * unit_),
        per_unit_(static_cast<double>(bins_) / (edges.back() * unit_ - first_)),
        apart_(std::isfinite(per_unit_) &&
               std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) == edges.end()) {
    constexpr double kErrors = 8 * std::numeric_limits<double>::epsilon();
    const double largest = std::max(std::fabs(edges.front()), std::fabs(edges.back())) * unit_;
    margin_ = kErrors * (largest * per_unit_ + static_cast<double>(bins_));
    constexpr double kMost = 0.25;
    quick_ = apart_ && margin_ < kMost;
  }

  [[nodiscard]] std::size_t of(double x) const {
    // Where values stand so close that edges coincide, bins are searched for.
    if (!apart_) {
      return static_cast<std::size_t>(std::upper_bound(edges_.begin() + 1, edges_.end() - 1, x) -
                                      edges_.begin()) -
             1;
    }
    const double place = place_of(x);
    std::size_t bin = place > 0 ? std::min(static_cast<std::size_t>(place), bins_ - 1) : 0;
    // What rounding has put on the wrong side of an edge.
    while (bin > 0 && x < edges_[bin]) --bin;
    while (bin + 1 < bins_ && x >= edges_[bin + 1]) ++bin;
    return bin;
  }

  /// The bins of `n` values, or kUnknown for those that are not finite or so near to an edge that rounding could matter.
  static constexpr std::int32_t kUnknown = -1;
  template <class T>
  void of_many(const std::byte* values, std::int64_t n, std::int32_t* out) const {
    if (!quick_) {
      std::fill_n(out, n, kUnknown);
      return;
    }
    const double low = margin_, high = 1 - margin_, most = static_cast<double>(bins_);
    for (std::int64_t i = 0; i < n; ++i) {
      const double place =
          place_of(static_cast<double>(load<T>(values + i * static_cast<std::int64_t>(sizeof(T)))));
      // Of NaN and infinities the comparisons are false.
      const bool inside = (place >= 0) & (place < most);
      const auto bin = static_cast<std::int32_t>(inside ? place : 0);
      const double in_bin = place - static_cast<double>(bin);
      out[i] = (inside & (in_bin > low) & (in_bin < high)) ? bin : kUnknown;
    }
  }

 private:
  [[nodiscard]] double place_of(double x) const { return (x * unit_ - first_) * per_unit_; }

  const std::vector<double>& edges_;
  std::size_t bins_;
  double unit_;  // where the range itself overflows, its half does not
  double first_, per_unit_;
  bool apart_;
  double margin_ = 0;  // what rounding may add to a place, in bins
  bool quick_ = false;
};

/// Counts of one thread: side by side, as one counter after the other waits for the one before if it is the same.
struct Counts {
  static constexpr std::size_t kSides = 4, kMostBeside = 4096;
  std::size_t bins;
  std::size_t sides = bins <= kMostBeside ? kSides : 1;
  std::vector<std::int64_t> all = std::vector<std::int64_t>(bins * sides);

  [[nodiscard]] std::int64_t& at(std::int64_t i, std::size_t bin) {
    return all[(static_cast<std::size_t>(i) & (sides - 1)) * bins + bin];
  }
};

}  // namespace

std::vector<std::int64_t> histogram(const Tensor& tensor, const std::vector<double>& edges, bool release) {
  const Bins bins(edges);
  std::vector<std::int64_t> counts(edges.size() - 1);
  with_run_type(is_wide(tensor.dtype()), [&]<class T>(std::type_identity<T>) {
    const auto look = [&](Counts& local, const Piece& piece) {
      expect_pages(tensor, piece);
      each_run<T>(tensor, piece.begin, piece.end, [&](const std::byte* p, std::int64_t count) {
        std::array<std::int32_t, kBlock> found;
        for (std::int64_t from = 0; from < count; from += kBlock) {
          const std::int64_t n = std::min(kBlock, count - from);
          const std::byte* const block = p + from * static_cast<std::int64_t>(sizeof(T));
          bins.of_many<T>(block, n, found.data());
          for (std::int64_t i = 0; i < n; ++i) {
            if (found[static_cast<std::size_t>(i)] != Bins::kUnknown) {
              ++local.at(i, static_cast<std::size_t>(found[static_cast<std::size_t>(i)]));
              continue;
            }
            const auto x = static_cast<double>(load<T>(block + i * static_cast<std::int64_t>(sizeof(T))));
            if (std::isfinite(x)) ++local.at(i, bins.of(x));
          }
        }
      });
      if (release) release_pages(tensor, piece);
    };
    over_threads(tensor, Counts{counts.size()}, look, [&](const Counts& local) {
      for (std::size_t i = 0; i < local.all.size(); ++i) counts[i % counts.size()] += local.all[i];
    });
  });
  return counts;
}

}  // namespace ballast::inspect::detail
