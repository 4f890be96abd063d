// The data of a report's page, as the JSON that its script reads (page/data.js says what is where). Internal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "ballast/core/json_writer.h"
#include "ballast/inspect/heat_map.h"
#include "ballast/inspect/report/report_data.h"

namespace ballast::inspect::detail {

/// Text of a file as a page may show it: what does not print as escapes, and of long texts beginning and end.
[[nodiscard]] std::string shown_text(std::string_view utf8);

void write_file(JsonWriter& json, const checkpoint::Checkpoint& file, const ReportRows& rows,
                const std::vector<FileHash>& hashes);
void write_tensors(JsonWriter& json, const checkpoint::Checkpoint& file, const ReportRows& rows);
void write_figures(JsonWriter& json, const ReportRows& rows, const std::vector<Statistics>& looks);
void write_findings(JsonWriter& json, const ReportRows& rows, const std::vector<Finding>& findings);
void write_changes(JsonWriter& json, const Changes& changes);

/// Counts with neighbouring bins joined until there are `bins`. Nothing where there is no histogram.
void write_histogram(JsonWriter& json, const Statistics& look, std::int64_t bins);
void write_heat_map(JsonWriter& json, const HeatMap& map);
/// A figure with six digits; integers whole.
void write_figure(JsonWriter& json, double value, bool whole);

/// JSON that can stand in a script element: no text in it ends the element or a line.
[[nodiscard]] std::string script_safe(std::string_view json);

}  // namespace ballast::inspect::detail
