#include "ballast/checkpoint/formats/torch_export_json.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kDeepest = 64;

/// What nlohmann/json calls as it reads.
class TreeMaker {
 public:
  explicit TreeMaker(const Place& place) : place_(place) {}

  // The names are those of its interface.
  bool null() { return put({}); }
  bool boolean(bool v) { return put({.kind = JsonNode::Kind::kBool, .flag = v, .body = nullptr}); }
  bool number_integer(std::int64_t v) {
    return put({.kind = JsonNode::Kind::kInt, .integer = v, .body = nullptr});
  }
  bool number_unsigned(std::uint64_t v) {
    if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return number_float(0, "");
    return number_integer(static_cast<std::int64_t>(v));
  }
  bool number_float(double /*v*/, const std::string& /*text*/) {
    return put({.kind = JsonNode::Kind::kReal, .body = nullptr});
  }
  bool string(std::string& v) {
    JsonNode node = with_body(JsonNode::Kind::kText);
    node.body->text = std::move(v);
    return put(std::move(node));
  }
  bool binary(nlohmann::json::binary_t& /*v*/) { return false; }
  bool start_object(std::size_t /*n*/) { return open(JsonNode::Kind::kObject); }
  bool start_array(std::size_t /*n*/) { return open(JsonNode::Kind::kArray); }
  bool key(std::string& v) {
    open_.back().body->keys.push_back(std::move(v));
    return true;
  }
  bool end_object() {
    const std::vector<std::string>& keys = open_.back().body->keys;
    std::unordered_set<std::string_view> seen;
    for (const std::string& k : keys) {
      if (!seen.insert(k).second) {
        throw FormatError(
            fmt::format("the key '{}' stands twice in one object: which is meant cannot be known",
                        shown_name(k)),
            place_.file, place_.record);
      }
    }
    return close();
  }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*e*/) {
    throw FormatError("this is no JSON", place_.file, place_.record, position);
  }

  [[nodiscard]] JsonNode take() { return std::move(root_); }

 private:
  static JsonNode with_body(JsonNode::Kind kind) {
    return {.kind = kind, .body = std::make_unique<JsonNode::Body>()};
  }
  bool open(JsonNode::Kind kind) {
    check<LimitError>(open_.size() < kDeepest, "{}: {}: JSON nested deeper than {}", place_.file,
                      place_.record, kDeepest);
    open_.push_back(with_body(kind));
    return true;
  }
  bool close() {
    JsonNode node = std::move(open_.back());
    open_.pop_back();
    return put(std::move(node));
  }
  bool put(JsonNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().body->items.push_back(std::move(node));
    }
    return true;
  }

  const Place& place_;
  JsonNode root_;
  std::vector<JsonNode> open_;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
  if (!is(Kind::kObject)) return nullptr;
  const auto it = std::find(body->keys.begin(), body->keys.end(), key);
  return it == body->keys.end() ? nullptr : &body->items[static_cast<std::size_t>(it - body->keys.begin())];
}

JsonNode read_json(std::string_view text, const Place& place) {
  TreeMaker maker(place);
  nlohmann::json::sax_parse(text.begin(), text.end(), &maker);
  return maker.take();
}

}  // namespace ballast::checkpoint
