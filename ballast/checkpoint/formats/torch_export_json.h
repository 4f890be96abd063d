// JSON that describes the weights of a torch.export archive, as a tree: order kept, every key once.
//
//   const JsonNode config = read_json(text, {"model.pt2", "archive/data/weights/model_weights_config.json"});
//   const JsonNode* sizes = config.find("sizes");             // null if there is none
//
// Time is linear in the text, memory at most 64 times it; the depth is limited. FormatError with the byte where it is no JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/checkpoint/byte_reader.h"

namespace ballast::checkpoint {

struct JsonNode {
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kReal, kText, kArray, kObject };
  struct Body {
    std::string text;
    std::vector<std::string> keys;  // of an object, one for each item
    std::vector<JsonNode> items;
  };

  Kind kind = Kind::kNull;
  bool flag = false;
  std::int64_t integer = 0;    // of an integer that has 63 bits; others are kReal
  std::unique_ptr<Body> body;  // of a text, an array, an object

  [[nodiscard]] bool is(Kind k) const noexcept { return kind == k; }
  /// The value of a key of an object; null if there is none, or this is none.
  [[nodiscard]] const JsonNode* find(std::string_view key) const;
};

[[nodiscard]] JsonNode read_json(std::string_view text, const Place& place);

}  // namespace ballast::checkpoint
