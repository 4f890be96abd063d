#include "ballast/checkpoint/formats/gguf_metadata.h"

#include <array>

#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {
namespace {

struct KindRow {
  std::string_view name;
  std::uint64_t size;
};
constexpr std::uint64_t kLengthBytes = 8, kArrayHeader = 12;
constexpr std::array<KindRow, kGgufKinds> kKinds{{{"uint8", 1},
                                                  {"int8", 1},
                                                  {"uint16", 2},
                                                  {"int16", 2},
                                                  {"uint32", 4},
                                                  {"int32", 4},
                                                  {"float32", 4},
                                                  {"bool", 1},
                                                  {"string", kLengthBytes},
                                                  {"array", kArrayHeader},
                                                  {"uint64", 8},
                                                  {"int64", 8},
                                                  {"float64", 8}}};

class MetadataReader {
 public:
  MetadataReader(GgufCursor& c, const LoadLimits& limits)
      : c_(c), limits_(limits), arena_(TreeArena::make()), tree_(TreeArena::of(arena_)) {}

  GgufMetadata read(std::uint64_t count) {
    Node* root = tree_.mapping(Kind::kOrderedDict);
    Node* types = tree_.mapping(Kind::kDict);
    GgufMetadata out;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t at = c_.offset();
      const std::string_view name = text();
      if (name.empty()) c_.fail_at(at, "a key without a name");
      if (!is_utf8(name)) c_.fail_at(at, fmt::format("the key '{}' is no UTF-8", shown_name(name)));
      Node* key = tree_.text(Kind::kStr, name, true);
      const std::uint64_t kind_at = c_.offset();
      const GgufKind kind = read_kind();
      std::string type(gguf_kind_name(kind));
      Node* value = kind == GgufKind::kArray ? array(0, &type) : single(kind);
      if (text_of(*key) == kGgufAlignment) out.alignment = alignment_of(kind, *value, kind_at);
      if (!tree_.insert(root, key, value))
        c_.fail_at(at, fmt::format("the key '{}' stands there twice", shown_name(text_of(*key))));
      static_cast<void>(tree_.insert(types, key, type_text(type)));
    }
    Node* attributes = tree_.mapping(Kind::kDict);
    static_cast<void>(tree_.insert(attributes, tree_.text(Kind::kStr, kGgufTypes, false), types));
    root->dict->attributes = attributes;
    out.values = Value(std::move(arena_), root);
    return out;
  }

 private:
  static constexpr int kDeepest = 16;

  std::string_view text() {
    const std::uint64_t n = c_.u64();
    const std::uint64_t at = c_.offset();
    if (n <= c_.left()) {
      check<LimitError>(n <= limits_.string_bytes,
                        "{}: at byte {}: a text of {} bytes, the limit (string_bytes) is {}",
                        c_.file().name(), at, n, limits_.string_bytes);
    }
    return c_.bytes(n);
  }

  GgufKind read_kind() {
    const std::uint64_t at = c_.offset();
    const std::uint32_t kind = c_.u32();
    if (kind >= kGgufKinds)
      c_.fail_at(at, fmt::format("a value of type {}: there are 0 to {}", kind, kGgufKinds - 1));
    return static_cast<GgufKind>(kind);
  }

  std::uint64_t alignment_of(GgufKind kind, const Node& value, std::uint64_t at) const {
    if (kind != GgufKind::kUInt32)
      c_.fail_at(at, fmt::format("{} should be a uint32, and is a {}", kGgufAlignment, gguf_kind_name(kind)));
    const auto alignment = static_cast<std::uint64_t>(value.integer);
    if (!std::has_single_bit(alignment))
      c_.fail_at(at, fmt::format("{} should be a power of two, and is {}", kGgufAlignment, alignment));
    return alignment;
  }

  Node* unsigned_integer(std::uint64_t v) {
    if (v <= INT64_MAX) return tree_.integer(static_cast<std::int64_t>(v));
    char bytes[sizeof(v) + 1] = {};
    std::memcpy(bytes, &v, sizeof(v));
    return tree_.big_integer({bytes, sizeof(bytes)}, true);
  }

  Node* single(GgufKind kind) {
    count_value();
    switch (kind) {
      case GgufKind::kUInt8:
        return tree_.integer(c_.u8());
      case GgufKind::kInt8:
        return tree_.integer(static_cast<std::int8_t>(c_.u8()));
      case GgufKind::kUInt16:
        return tree_.integer(c_.u16());
      case GgufKind::kInt16:
        return tree_.integer(static_cast<std::int16_t>(c_.u16()));
      case GgufKind::kUInt32:
        return tree_.integer(c_.u32());
      case GgufKind::kInt32:
        return tree_.integer(static_cast<std::int32_t>(c_.u32()));
      case GgufKind::kUInt64:
        return unsigned_integer(c_.u64());
      case GgufKind::kInt64:
        return tree_.integer(static_cast<std::int64_t>(c_.u64()));
      case GgufKind::kFloat32:
        return tree_.real(static_cast<double>(c_.f32()));
      case GgufKind::kFloat64:
        return tree_.real(c_.f64());
      case GgufKind::kBool:
        return truth();
      default:
        break;
    }
    const std::string_view v = text();
    // Pieces of text that a tokeniser knows may be parts of characters.
    return tree_.text(is_utf8(v) ? Kind::kStr : Kind::kBytes, v, true);
  }

  Node* truth() {
    const std::uint8_t v = c_.u8();
    if (v > 1) c_.fail_at(c_.offset() - 1, fmt::format("a bool of value {}: 0 and 1 are read", v));
    return bool_node(v == 1);
  }

  /// `type` becomes "[int32]"; of arrays in arrays, where each has a type of its own, "array".
  Node* array(int depth, std::string* type) {
    count_value();
    if (depth >= kDeepest) c_.fail(fmt::format("arrays in arrays, more than {} deep", kDeepest));
    const GgufKind kind = read_kind();
    const std::uint64_t count = c_.u64();
    if (count > c_.left() / gguf_kind_size(kind)) {
      c_.fail(
          fmt::format("an array of {} values of type {}, and {} bytes are left: the file is cut short or "
                      "lies about a length",
                      count, gguf_kind_name(kind), c_.left()));
    }
    check<LimitError>(count <= limits_.metadata_values,
                      "{}: an array of {} values, the limit (metadata_values) is {}", c_.file().name(), count,
                      limits_.metadata_values);
    std::vector<Node*> items;
    items.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i)
      items.push_back(kind == GgufKind::kArray ? array(depth + 1, nullptr) : single(kind));
    if (type != nullptr && kind != GgufKind::kArray) *type = fmt::format("[{}]", gguf_kind_name(kind));
    return tree_.sequence(Kind::kList, items.data(), items.size());
  }

  void count_value() {
    check<LimitError>(++values_ <= limits_.metadata_values,
                      "{}: at byte {}: more than {} values of keys: the limit (metadata_values)",
                      c_.file().name(), c_.offset(), limits_.metadata_values);
  }

  /// One node for each text: there are few.
  Node* type_text(const std::string& type) {
    for (Node* n : type_texts_) {
      if (text_of(*n) == type) return n;
    }
    return type_texts_.emplace_back(tree_.text(Kind::kStr, type, true));
  }

  GgufCursor& c_;
  const LoadLimits& limits_;
  IntrusivePtr<Arena> arena_;
  TreeArena& tree_;
  std::uint64_t values_ = 0;
  std::vector<Node*> type_texts_;
};

}  // namespace

std::string_view gguf_kind_name(GgufKind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind)].name;
}
std::uint64_t gguf_kind_size(GgufKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)].size; }

GgufMetadata read_gguf_metadata(GgufCursor& c, std::uint64_t count, const LoadLimits& limits) {
  return MetadataReader(c, limits).read(count);
}

}  // namespace ballast::checkpoint
