// What is in a tensor: how many values, how they are distributed, and what is odd among them.
//
//   Checkpoint c = ballast::load("model.pth");
//   for (const auto& [name, tensor] : c.state_dict()) {
//     const inspect::Statistics s = inspect::statistics(tensor, {.histogram_bins = 32, .quantiles = {0.01, 0.5, 0.99}});
//     fmt::print("{}: {} of {}, mean {}, median {}\n", name, s.std, s.min, s.mean, s.quantiles[1]);
//   }
//   std::vector<inspect::Statistics> all = inspect::statistics(c.state_dict());      // in one go, on all threads
//
// Every element is read once, in the order in which it lies in memory, from whatever type, strides or mapping; what is asked for
// beyond the plain figures reads it again. No copy is made: a file larger than memory goes through in pieces of 64 Ki elements.
//
// Values that are not finite are counted and left out of everything else, so that one NaN does not hide the rest. A complex
// tensor is looked at as the values of its parts, two an element. Integers beyond 2^53 are rounded to the nearest double.
//
// Sums are made in double, of pieces with fixed bounds, in a fixed order: the same bits on every CPU and with any number of
// threads. Their error: a relative 1e-11 of the mean's own scale (the mean magnitude), of the norms, and of the deviations. As in NumPy, squares of doubles beyond
// 1e154 overflow, and std and l2 are infinite then.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "ballast/core/state_dict.h"
#include "ballast/core/tensor.h"
#include "ballast/inspect/progress.h"

namespace ballast::inspect {

struct StatisticsOptions {
  /// Equal bins from min to max; 0: no histogram.
  std::int64_t histogram_bins = 0;
  /// Which quantiles are wanted, each in [0, 1].
  std::vector<double> quantiles = {};
  /// The dimension whose indices are channels; none: no norms of channels. For a weight [out, in, ...], 0 gives one norm an
  /// output, 1 one an input.
  std::optional<std::int64_t> channel_dim = std::nullopt;
  /// Singular values of the tensor as a matrix [size(0), rest]. Up to `kSpectrumWork`; else they are left out.
  bool spectrum = false;
  Progress progress = {};
  /// Gives pages of mapped storages back once they were looked at, so that the process stays small. Only for mappings that
  /// nobody has written to: what was written would be lost.
  bool release_pages = false;
};

/// Of channel i, at position i.
struct ChannelNorms {
  std::vector<double> l2;       ///< over finite values
  std::vector<double> abs_max;  ///< infinite where the channel holds a NaN or an infinity
};

/// Of a tensor as a matrix [size(0), rest].
struct Spectrum {
  std::vector<double> singular_values;  ///< largest first
  /// exp of the entropy of the singular values as shares of their sum (Roy & Vetterli 2007): 1 for a single direction, n for n
  /// equal ones; 0 for a matrix of zeros.
  double effective_rank = 0;
  double stable_rank = 0;  ///< sum of squares by largest square
  double condition = 0;    ///< largest by smallest; infinite if the matrix is singular
};

/// The most that `spectrum` takes on: long side times short side squared.
inline constexpr double kSpectrumWork = 0x1p27;

struct Statistics {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::int64_t count = 0;   ///< values: elements, or parts of complex ones
  std::int64_t finite = 0;  ///< neither NaN nor infinite
  std::int64_t nans = 0, plus_infinities = 0, minus_infinities = 0;
  std::int64_t zeros = 0;       ///< of both signs
  std::int64_t negatives = 0;   ///< below zero, -Inf among them
  std::int64_t subnormals = 0;  ///< below the smallest normal number of the tensor's own type

  // Of the finite values; NaN if there are none.
  double mean = kNone;
  double std = kNone;             ///< with divisor n - 1, PyTorch's default; NaN for one value
  double population_std = kNone;  ///< with divisor n, NumPy's default
  double min = kNone, max = kNone, abs_max = kNone;
  double l1 = 0, l2 = 0;  ///< sum of magnitudes; root of the sum of squares

  // What would happen in smaller types, rounding to nearest: finite values that become zero, or infinite.
  std::int64_t vanish_in_float16 = 0, vanish_in_bfloat16 = 0;
  std::int64_t overflow_float16 = 0, overflow_bfloat16 = 0;

  /// As numpy.histogram(values, bins): `histogram_bins` counts, each bin without its upper edge but the last. A tensor of one
  /// value v has bins from v - 0.5 to v + 0.5. Empty if not asked for, or without finite values.
  std::vector<std::int64_t> histogram;
  /// Edges of the bins, one more than those.
  std::vector<double> histogram_edges;
  /// As numpy.quantile(values, q): exact at any size, linear between the two nearest values. In the order of the options; NaN
  /// without finite values.
  std::vector<double> quantiles;
  std::optional<ChannelNorms> channels;
  /// None if not asked for, too large (`kSpectrumWork`), of rank 0, empty, or with values that are not finite.
  std::optional<Spectrum> spectrum;
};

/// Error if the tensor is undefined, DeviceError if it is on meta. ValueError for a quantile outside [0, 1] or a number of bins
/// that is negative or above 2^24; IndexError for a dimension the tensor does not have.
[[nodiscard]] Statistics statistics(const Tensor& tensor, const StatisticsOptions& options = {});
/// Of each tensor, at its position. `channel_dim` is left out for tensors that lack the dimension.
[[nodiscard]] std::vector<Statistics> statistics(ArrayRef<Tensor> tensors,
                                                 const StatisticsOptions& options = {});
[[nodiscard]] std::vector<Statistics> statistics(const StateDict& state,
                                                 const StatisticsOptions& options = {});

}  // namespace ballast::inspect
