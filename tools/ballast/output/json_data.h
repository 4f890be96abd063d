// The tree of a checkpoint as JSON: plain data as Python's json module would write it, tensors by name, and what JSON has
// no word for as an object with one entry that says what it is ({"bytes": "00ff"}); docs/show.md has the table.
#pragma once

#include "ballast/checkpoint/load.h"
#include "ballast/core/json_writer.h"

namespace ballast::tool {

/// Writes the tree under the root. Always ends, with no more text than a few times the size of the file: a container inside
/// itself is written as {"cycle": levels}; as {"omitted": kind, "items": n} what is nested deeper than 200 levels, and what
/// stands in several places once that has cost 100,000 values or 16 MiB of text.
void write_json_data(JsonWriter& json, const checkpoint::Checkpoint& file);

}  // namespace ballast::tool
