#include "ballast/checkpoint/tree/json_tree.h"

#include <cstring>
#include <utility>
#include <vector>

#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/json_document.h"
#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

namespace json = simdjson::ondemand;

constexpr int kDeepest = 64;

class TreeReader {
 public:
  TreeReader(std::string text, const Place& place) : json_(std::move(text), place) {}

  Value read() {
    const IntrusivePtr<Arena> arena = TreeArena::make();
    tree_ = &TreeArena::of(arena);
    Node* root = object(json_.root());
    json_.finish();
    return {arena, root};
  }

 private:
  Node* object(json::object entries) {
    Node* out = tree_->mapping(Kind::kDict);
    for (auto next : entries) {
      json::field field;
      json_.expect(std::move(next).get(field), "an entry");
      const std::uint64_t at = json_.offset_of(field);
      Node* key = tree_->text(Kind::kStr, json_.key_of(field), true);
      if (!tree_->insert(out, key, value(field.value())))
        json_.fail_at(at,
                      fmt::format("the key '{}' stands there twice", shown_name(checkpoint::text_of(*key))));
    }
    return out;
  }

  Node* array(json::array items) {
    std::vector<Node*> nodes;
    for (auto next : items) {
      json::value item;
      json_.expect(next.get(item), "an item");
      nodes.push_back(value(item));
    }
    Node* out = tree_->sequence(Kind::kList, nullptr, 0);
    tree_->append(out, nodes.data(), nodes.size());
    return out;
  }

  Node* value(json::value v) {  // NOLINT(misc-no-recursion): bounded by kDeepest
    json::json_type type{};
    json_.expect(v.type().get(type), "a value");
    switch (type) {
      case json::json_type::object:
      case json::json_type::array: {
        if (depth_ == kDeepest) json_.fail(fmt::format("more than {} levels", kDeepest));
        ++depth_;
        Node* out =
            type == json::json_type::object ? object(get<json::object>(v)) : array(get<json::array>(v));
        --depth_;
        return out;
      }
      case json::json_type::string:
        return tree_->text(Kind::kStr, json_.text_of(v, "a string"), true);
      case json::json_type::number:
        return number(v);
      case json::json_type::boolean: {
        bool truth = false;
        json_.expect(v.get_bool().get(truth), "true or false");
        return bool_node(truth);
      }
      default:
        json_.expect(is_null(v) ? simdjson::SUCCESS : simdjson::INCORRECT_TYPE, "null");
        return none_node();
    }
  }

  /// False for a word that only begins as null does.
  static bool is_null(json::value v) {
    bool null = false;
    return simdjson::simdjson_result<bool>(v.is_null()).get(null) == simdjson::SUCCESS && null;
  }

  template <class T>
  T get(json::value v) {
    T out;
    json_.expect(v.get<T>().get(out), "an object or a list");
    return out;
  }

  Node* number(json::value v) {
    json::number n;
    json_.expect(v.get_number().get(n), "a number, integers of at most 64 bits,");
    if (n.is_int64()) return tree_->integer(n.get_int64());
    if (!n.is_uint64()) return tree_->real(n.get_double());
    std::string bytes(sizeof(std::uint64_t) + 1, '\0');  // two's complement: the last byte is the sign
    const std::uint64_t unsigned_value = n.get_uint64();
    std::memcpy(bytes.data(), &unsigned_value, sizeof(unsigned_value));
    return tree_->big_integer(bytes, true);
  }

  JsonDocument json_;
  TreeArena* tree_ = nullptr;
  int depth_ = 0;
};

}  // namespace

Value read_json(std::string text, const Place& place) { return TreeReader(std::move(text), place).read(); }

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < ' ') {
          out += fmt::format("\\u{:04x}", byte);
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace ballast::checkpoint
