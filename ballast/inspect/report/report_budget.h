// How the bytes of a page are shared out over its pictures. Internal.
//
//   const Share share = share_out(bytes_left, histograms, sizes);
//   share.bins            // 64, 32, 16 or none for every histogram
//   share.cells[i]        // the most cells that heat map i may have
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ballast::inspect::detail {

/// The most cells of one map: more are no better to look at.
inline constexpr std::int64_t kMostCells = 128 * 128;
/// With fewer a map says nothing.
inline constexpr std::int64_t kFewestCells = 16;
/// Characters that a cell takes: two bytes as base64, four characters for three bytes.
inline constexpr double kCellBytes = 2 * 4.0 / 3;
/// What a map takes besides its cells.
inline constexpr std::int64_t kMapBytes = 72;

struct Share {
  std::int64_t bins = 0;
  std::vector<std::int64_t> cells;
};

/// Histograms get as many bins as fit into two fifths of `bytes`; maps the rest, evenly, but none more than it has values. `sizes`:
/// values of each map, 0 where there is to be none. `histogram_bytes[k]`: what all histograms take with kReportBins >> k bins.
[[nodiscard]] Share share_out(std::int64_t bytes, std::span<const std::int64_t> histogram_bytes,
                              std::span<const std::int64_t> sizes);

}  // namespace ballast::inspect::detail
