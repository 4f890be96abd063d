// What a report shows, before it is text: which tensors can be looked at, and what was found. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/compare.h"
#include "ballast/inspect/health.h"
#include "ballast/inspect/heat_map.h"
#include "ballast/inspect/report/report.h"
#include "ballast/inspect/statistics.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::inspect::detail {

inline constexpr std::size_t kNowhere = ~std::size_t{0};
inline constexpr std::int64_t kReportBins = 64;

/// The rows of a listing, and what of them can be looked at.
struct ReportRows {
  TensorListing listing;             ///< at most kReportTensors rows; totals over all
  std::size_t left_out = 0;          ///< rows beyond these
  TensorListing looks;               ///< rows with numbers; one view is there once, however many rows show it
  std::vector<std::size_t> look_of;  ///< of a row: position in `looks`, or kNowhere
  std::vector<std::string> notes;    ///< of a row: what to know of its figures, or why there are none
  std::vector<std::uint64_t> own;    ///< of a row: its elements that no row before it showed
};

[[nodiscard]] ReportRows rows_of(const checkpoint::Checkpoint& file,
                                 const std::optional<std::string>& filter);

/// The row of each name; of a name that several have the first.
[[nodiscard]] std::unordered_map<std::string, std::size_t> rows_by_name(const TensorListing& listing);

/// What changed, with the rows of FILE by the names that were compared.
struct Changes {
  Comparison comparison;
  std::unordered_map<std::string, std::size_t> row_of;
};

/// Tensors are compared by their names in the listing; where two files have none in common, by those in their state dicts.
[[nodiscard]] Changes changes_between(const checkpoint::Checkpoint& a, const ReportRows& a_rows,
                                      const checkpoint::Checkpoint& b, const ReportRows& b_rows,
                                      const CompareOptions& options);

/// As `inspect::health`, with statistics of looks.
[[nodiscard]] std::vector<Finding> findings_of(const checkpoint::Checkpoint& file, const ReportRows& rows,
                                               const std::vector<Statistics>& looks,
                                               const HealthOptions& options);

/// Maps of looks with at most `cells[i]` cells, none where that is 0. What is quantised becomes numbers one tensor at a time.
[[nodiscard]] std::vector<HeatMap> heat_maps_of(const TensorListing& looks,
                                                const std::vector<std::int64_t>& cells,
                                                const HeatMapOptions& options);

}  // namespace ballast::inspect::detail
