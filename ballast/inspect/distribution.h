// How the finite values of a tensor are distributed: what statistics() reads a tensor again for. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ballast/inspect/statistics.h"

namespace ballast::inspect::detail {

/// Counts in `edges.size() - 1` bins between equally spaced edges, by numpy.histogram's rule. `release` gives pages back on the way,
/// as StatisticsOptions say.
[[nodiscard]] std::vector<std::int64_t> histogram(const Tensor& tensor, const std::vector<double>& edges,
                                                  bool release = false);
/// The edges of numpy.histogram_bin_edges for values from min to max.
[[nodiscard]] std::vector<double> bin_edges(double min, double max, std::int64_t bins);

/// Of the `finite` finite values, which are at least one.
[[nodiscard]] std::vector<double> quantiles(const Tensor& tensor, std::int64_t finite,
                                            const std::vector<double>& wanted);

[[nodiscard]] ChannelNorms channel_norms(const Tensor& tensor, std::int64_t dim);

/// Of a tensor of finite values.
[[nodiscard]] std::optional<Spectrum> spectrum(const Tensor& tensor, double abs_max);

/// The elements with index `index` along dimension `dim`.
[[nodiscard]] Tensor part_at(const Tensor& tensor, std::int64_t dim, std::int64_t index);

}  // namespace ballast::inspect::detail
