#include "ballast/inspect/report/report_budget.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/inspect/report/report_data.h"

namespace ballast::inspect::detail {

Share share_out(std::int64_t bytes, std::span<const std::int64_t> histogram_bytes,
                std::span<const std::int64_t> sizes) {
  Share share;
  share.cells.assign(sizes.size(), 0);
  for (std::size_t k = 0; k < histogram_bytes.size() && share.bins == 0; ++k) {
    if (histogram_bytes[k] > bytes * 2 / 5) continue;
    share.bins = kReportBins >> k;
    bytes -= histogram_bytes[k];
  }
  // The smallest first: what they leave goes to the rest.
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return sizes[i]; });
  auto left =
      static_cast<std::int64_t>(std::ranges::count_if(sizes, [](std::int64_t size) { return size > 0; }));
  for (const std::size_t i : order) {
    if (sizes[i] == 0) continue;
    const auto even = static_cast<std::int64_t>(
        (static_cast<double>(bytes) / static_cast<double>(left) - kMapBytes) / kCellBytes);
    const std::int64_t cells = std::min({sizes[i], even, kMostCells});
    --left;
    if (cells < std::min(sizes[i], kFewestCells)) continue;
    share.cells[i] = cells;
    bytes -= kMapBytes + static_cast<std::int64_t>(std::ceil(static_cast<double>(cells) * kCellBytes));
  }
  return share;
}

}  // namespace ballast::inspect::detail
