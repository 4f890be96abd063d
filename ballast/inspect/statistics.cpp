#include "ballast/inspect/statistics.h"

#include <algorithm>
#include <cmath>

#include "ballast/core/lost_pages.h"
#include "ballast/core/parallel.h"
#include "ballast/inspect/distribution.h"
#include "ballast/inspect/element_runs.h"
#include "ballast/inspect/pieces.h"

namespace ballast::inspect {
namespace detail {

void check_readable(const Tensor& tensor) {
  check(tensor.defined(), "inspect expected a tensor, but got an undefined one");
  check<DeviceError>(!tensor.is_meta(),
                     "inspect needs the elements of a tensor, but this one of shape {} is on meta",
                     Shown{tensor.sizes()});
}

namespace {

/// The smallest normal number of a floating type; 0 for the others.
double smallest_normal(DType dtype) {
  switch (dtype) {
    case kFloat32:
    case kBFloat16:
    case kComplex64:
      return 0x1p-126;
    case kFloat64:
    case kComplex128:
      return 0x1p-1022;
    case kFloat16:
    case kComplex32:
    case kFloat8_e5m2:
      return 0x1p-14;
    case kFloat8_e5m2fnuz:
      return 0x1p-15;
    case kFloat8_e4m3fn:
      return 0x1p-6;
    case kFloat8_e4m3fnuz:
      return 0x1p-7;
    default:
      return 0;
  }
}

Seen look_at(const Tensor& tensor, const Piece& piece) {
  expect_pages(tensor, piece);
  Seen seen;
  const Thresholds thresholds{smallest_normal(tensor.dtype())};
  with_run_type(is_wide(tensor.dtype()), [&]<class T>(std::type_identity<T>) {
    each_run<T>(tensor, piece.begin, piece.end,
                [&](const std::byte* p, std::int64_t n) { run_loops<T>().see(p, n, thresholds, seen); });
  });
  return seen;
}

/// What the pieces of a tensor add up to.
struct Total {
  double mean = 0, squares = 0;  // of differences from the mean
  double l1 = 0, l2_squares = 0;

  /// Joins moments of two parts (Chan, Golub & LeVeque 1983).
  void add(const Seen& seen, std::int64_t before) {
    if (seen.finite == 0) return;
    const auto n = static_cast<double>(seen.finite), others = static_cast<double>(before);
    const double sum = joined(seen.sum);
    const double own_mean = seen.shift + sum / n;
    const double own_squares = std::max(joined(seen.squares) - sum * (sum / n), 0.0);
    const double apart = own_mean - mean;
    if (before == 0) {
      mean = own_mean;
      squares = own_squares;
    } else {
      mean += apart * (n / (n + others));
      squares += own_squares + apart * apart * (n * others / (n + others));
    }
    l1 += joined(seen.l1);
    l2_squares += joined(seen.l2_squares);
  }
};

void add(Statistics& s, Total& total, const Seen& seen) {
  total.add(seen, s.finite);
  if (seen.finite > 0) {
    // Zeros lose their sign: which of two comes first says nothing.
    s.min = (s.finite == 0 ? seen.min : std::min(s.min, seen.min)) + 0.0;
    s.max = (s.finite == 0 ? seen.max : std::max(s.max, seen.max)) + 0.0;
    s.abs_max = s.finite == 0 ? seen.abs_max : std::max(s.abs_max, seen.abs_max);
  }
  s.finite += seen.finite;
  s.nans += seen.nans;
  s.plus_infinities += seen.plus_infinities;
  s.minus_infinities += seen.minus_infinities;
  s.zeros += seen.zeros;
  s.negatives += seen.negatives;
  s.subnormals += seen.subnormals;
  s.vanish_in_float16 += seen.vanish_in_half;
  s.vanish_in_bfloat16 += seen.vanish_in_bfloat;
  s.overflow_float16 += seen.overflow_half;
  s.overflow_bfloat16 += seen.overflow_bfloat;
}

void finish(Statistics& s, const Total& total) {
  if (s.finite == 0) return;
  const auto n = static_cast<double>(s.finite);
  s.mean = total.mean;
  s.population_std = std::sqrt(total.squares / n);
  if (s.finite > 1) s.std = std::sqrt(total.squares / (n - 1));
  s.l1 = total.l1;
  s.l2 = std::sqrt(total.l2_squares);
}

bool wants_details(const StatisticsOptions& options) {
  return options.histogram_bins > 0 || !options.quantiles.empty() || options.channel_dim || options.spectrum;
}

/// What needs the figures first, or another order of elements.
void add_details(const Tensor& tensor, const StatisticsOptions& options, Statistics& s) {
  if (!options.quantiles.empty()) {
    s.quantiles = s.finite > 0 ? quantiles(tensor, s.finite, options.quantiles)
                               : std::vector<double>(options.quantiles.size(), Statistics::kNone);
  }
  if (options.histogram_bins > 0 && s.finite > 0) {
    s.histogram_edges = bin_edges(s.min, s.max, options.histogram_bins);
    s.histogram = histogram(tensor, s.histogram_edges, options.release_pages);
  }
  if (options.channel_dim) {
    const std::int64_t rank = std::max<std::int64_t>(tensor.dim(), 1);
    if (*options.channel_dim >= -rank && *options.channel_dim < rank && tensor.dim() > 0) {
      s.channels = channel_norms(tensor, *options.channel_dim);
    }
  }
  if (options.spectrum && s.finite == s.count) s.spectrum = spectrum(tensor, s.abs_max);
  if (options.release_pages) release_pages(tensor, {0, 0, tensor.numel()});
}

/// Large tensors one after the other, each on all threads; small ones side by side.
void add_all_details(ArrayRef<Tensor> tensors, const StatisticsOptions& options, std::vector<Statistics>& all,
                     const Progress& progress) {
  constexpr std::size_t kSideBySide = 256;
  std::uint64_t done = 0;
  std::vector<std::size_t> small;
  const auto report = [&](std::size_t i) { done += static_cast<std::uint64_t>(tensors[i].nbytes()); };
  const auto flush = [&] {
    parallel_for(static_cast<std::int64_t>(small.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        const std::size_t i = small[static_cast<std::size_t>(k)];
        add_details(tensors[i], options, all[i]);
      }
    });
    for (const std::size_t i : small) report(i);
    if (progress && !small.empty()) progress(done, 0);
    small.clear();
  };
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].numel() <= kPieceElements) {
      small.push_back(i);
      if (small.size() == kSideBySide) flush();
      continue;
    }
    add_details(tensors[i], options, all[i]);
    report(i);
    if (progress) progress(done, 0);
  }
  flush();
}

void check_options(const StatisticsOptions& options) {
  constexpr std::int64_t kMostBins = std::int64_t{1} << 24;
  check<ValueError>(options.histogram_bins >= 0 && options.histogram_bins <= kMostBins,
                    "statistics expected 0 to {} bins of a histogram, but got {}", kMostBins,
                    options.histogram_bins);
  for (const double q : options.quantiles) {
    check<ValueError>(q >= 0 && q <= 1, "statistics expected quantiles between 0 and 1, but got {}", q);
  }
}

}  // namespace
}  // namespace detail

using namespace detail;

std::vector<Statistics> statistics(ArrayRef<Tensor> tensors, const StatisticsOptions& options) {
  check_options(options);
  const LostPageCheck mappings;
  const bool details = wants_details(options);
  std::vector<Statistics> all(tensors.size());
  std::vector<Total> totals(tensors.size());
  std::vector<Seen> seen(PieceWalk::kSlots);
  PieceWalk walk;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check_readable(tensors[i]);
    walk.add(tensors[i].numel(), tensors[i].itemsize());
    bytes += static_cast<std::uint64_t>(tensors[i].nbytes());
    all[i].count = tensors[i].numel() * parts_of(tensors[i].dtype());
  }
  // Twice the bytes, if they are read again.
  const Progress first = [&](std::uint64_t done, std::uint64_t total) {
    options.progress(done, details ? 2 * total : total);
  };
  PageRelease release(options.release_pages);
  walk.run([&](const Piece& piece, std::size_t slot) { seen[slot] = look_at(tensors[piece.item], piece); },
           [&](const Piece& piece, std::size_t slot) {
             add(all[piece.item], totals[piece.item], seen[slot]);
             release.add(tensors[piece.item], piece);
           },
           options.progress ? first : Progress());
  for (std::size_t i = 0; i < tensors.size(); ++i) finish(all[i], totals[i]);
  if (details) {
    const Progress second = [&](std::uint64_t done, std::uint64_t) {
      options.progress(bytes + done, 2 * bytes);
    };
    add_all_details(tensors, options, all, options.progress ? second : Progress());
  }
  mappings.check();
  return all;
}

Statistics statistics(const Tensor& tensor, const StatisticsOptions& options) {
  check_readable(tensor);
  if (options.channel_dim) (void)wrap_dim(*options.channel_dim, tensor.dim());
  return statistics(ArrayRef<Tensor>(&tensor, 1), options).front();
}

std::vector<Statistics> statistics(const StateDict& state, const StatisticsOptions& options) {
  return statistics(state.values(), options);
}

}  // namespace ballast::inspect
