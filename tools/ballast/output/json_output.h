// The JSON document of `ballast show --json` for one file; docs/show.md describes it.
#pragma once

#include <optional>
#include <string>

#include "ballast/checkpoint/load.h"
#include "ballast/core/json_writer.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {

struct JsonOptions {
  std::optional<std::string> filter;  ///< what the listing was filtered by
  bool hash = false;
};

void write_json(JsonWriter& json, const checkpoint::Checkpoint& file, const inspect::TensorListing& listing,
                const JsonOptions& options);

}  // namespace ballast::tool
