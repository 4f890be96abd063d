// Histograms and heat maps as a page's script draws them.
#include <algorithm>
#include <cmath>

#include "ballast/inspect/report/base64.h"
#include "ballast/inspect/report/report_json.h"

namespace ballast::inspect::detail {
namespace {

/// Codes of a byte: 0 is a cell without a finite value, 1 to 255 go evenly from the lowest to the highest.
constexpr double kSteps = 254;

template <class Value>
void write_plane(JsonWriter& json, const HeatMap& map, const Value& value) {
  // Their difference must not overflow.
  constexpr double kLargest = std::numeric_limits<double>::max() / 4;
  const auto bounded = [&](const HeatCell& cell) { return std::clamp(value(cell), -kLargest, kLargest); };
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const HeatCell& cell : map.cells) {
    if (std::isnan(cell.mean)) continue;
    low = std::min(low, bounded(cell));
    high = std::max(high, bounded(cell));
  }
  std::vector<std::uint8_t> codes;
  codes.reserve(map.cells.size());
  for (const HeatCell& cell : map.cells) {
    const double part = high > low ? (bounded(cell) - low) / (high - low) : 0;
    codes.push_back(std::isnan(cell.mean) ? 0 : static_cast<std::uint8_t>(1 + std::lround(part * kSteps)));
  }
  json.string(base64(codes));
  const bool any = low <= high;
  write_figure(json, any ? low : 0, false);
  write_figure(json, any ? high : 0, false);
}

}  // namespace

void write_histogram(JsonWriter& json, const Statistics& look, std::int64_t bins) {
  json.begin_array(JsonWriter::Layout::kTight);
  if (bins > 0 && !look.histogram.empty()) {
    const std::size_t joined = look.histogram.size() / static_cast<std::size_t>(bins);
    for (std::size_t i = 0; i < look.histogram.size(); i += joined) {
      std::int64_t count = 0;
      for (std::size_t k = i; k < i + joined; ++k) count += look.histogram[k];
      json.number(count);
    }
  }
  json.end_array();
}

void write_heat_map(JsonWriter& json, const HeatMap& map) {
  json.begin_array(JsonWriter::Layout::kTight);
  if (!map.cells.empty()) {
    json.number(map.matrix_rows), json.number(map.matrix_columns);
    json.number(map.cell_rows), json.number(map.cell_columns);
    write_plane(json, map, [](const HeatCell& cell) { return cell.mean; });
    const bool single = map.cell_rows * map.cell_columns == 1;
    if (!single) write_plane(json, map, [](const HeatCell& cell) { return cell.peak(); });
    json.begin_array(JsonWriter::Layout::kTight);
    for (std::size_t i = 0; i < map.cells.size(); ++i) {
      const HeatCell& cell = map.cells[i];
      if (!cell.has_nan && !cell.has_infinity) continue;
      json.number(i), json.number((cell.has_nan ? 1 : 0) + (cell.has_infinity ? 2 : 0));
    }
    json.end_array();
  }
  json.end_array();
}

}  // namespace ballast::inspect::detail
