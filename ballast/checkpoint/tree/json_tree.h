// A JSON object as a tree of values: the index of a sharded set, and other short texts.
//
//   const Value index = read_json(text, {"model.safetensors.index.json"});
//   index.at("weight_map").at("weight").as_text();
#pragma once

#include <string>
#include <string_view>

#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/value.h"

namespace ballast::checkpoint {

/// Objects are dicts, in the order of the text; numbers with a fraction or an exponent are floats. FormatError, with the
/// offset, for what is no JSON, for a key that stands twice in an object, for integers beyond 64 bits, and beyond 64 levels.
[[nodiscard]] Value read_json(std::string text, const Place& place);

/// Appends `text`, which is UTF-8, as a JSON string: escaped are quotes, backslashes and control characters.
void append_json(std::string& out, std::string_view text);

}  // namespace ballast::checkpoint
