// What `ballast stats --json` says of a file; docs/stats.md describes it.
#pragma once

#include <vector>

#include "tools/ballast/files/looked_at.h"

#include "ballast/core/json_writer.h"
#include "ballast/inspect/statistics.h"

namespace ballast::tool {

/// An object with the file's tensors, those at positions `order`, in that order.
void write_statistics_json(JsonWriter& json, const LookedAt& file,
                           const std::vector<inspect::Statistics>& all, const std::vector<std::size_t>& order,
                           const std::vector<double>& quantiles);

/// The plain figures of a tensor, as entries of the object that is open.
void write_figures(JsonWriter& json, const inspect::Statistics& s);
/// The entry "histogram" of the object that is open.
void write_histogram(JsonWriter& json, const inspect::Statistics& s);

}  // namespace ballast::tool
