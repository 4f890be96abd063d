#include "ballast/checkpoint/formats/torch_export_config.h"

#include <algorithm>
#include <array>

#include "ballast/checkpoint/formats/torch_export_json.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

using Kind = JsonNode::Kind;

// The numbers that torch.export gives to types and layouts: not those of c10::ScalarType.
struct NumberedType {
  std::int64_t number;
  DType dtype;
};
constexpr std::array kTypes = std::to_array<NumberedType>({{1, kUInt8},
                                                           {2, kInt8},
                                                           {3, kInt16},
                                                           {4, kInt32},
                                                           {5, kInt64},
                                                           {6, kFloat16},
                                                           {7, kFloat32},
                                                           {8, kFloat64},
                                                           {9, kComplex32},
                                                           {10, kComplex64},
                                                           {11, kComplex128},
                                                           {12, kBool},
                                                           {13, kBFloat16},
                                                           {28, kUInt16},
                                                           {29, kFloat8_e4m3fn},
                                                           {30, kFloat8_e5m2},
                                                           {31, kFloat8_e4m3fnuz},
                                                           {32, kFloat8_e5m2fnuz},
                                                           {33, kFloat8_e8m0fnu},
                                                           {34, kUInt32},
                                                           {35, kUInt64}});
constexpr std::int64_t kStridedLayout = 7;

class Config {
 public:
  Config(const Place& place, const LoadLimits& limits) : place_(place), limits_(limits) {}

  std::vector<ExportedWeight> read(const JsonNode& root) {
    const JsonNode* config = root.find("config");
    if (config == nullptr || !config->is(Kind::kObject)) fail("there should be an object \"config\"");
    std::vector<ExportedWeight> out;
    out.reserve(config->body->items.size());
    for (std::size_t i = 0; i < config->body->items.size(); ++i) {
      name_ = &config->body->keys[i];
      out.push_back(weight(config->body->items[i]));
    }
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw FormatError(
        name_ == nullptr ? reason : fmt::format("the weight '{}': {}", shown_name(*name_), reason),
        place_.file, place_.record);
  }

  const JsonNode& member_of(const JsonNode& object, std::string_view key, Kind kind,
                            std::string_view phrase) const {
    const JsonNode* v = object.find(key);
    if (v == nullptr || !v->is(kind)) fail(fmt::format("\"{}\" should be {}", key, phrase));
    return *v;
  }
  std::int64_t integer(const JsonNode& object, std::string_view key) const {
    return member_of(object, key, Kind::kInt, "an integer").integer;
  }
  bool flag(const JsonNode& object, std::string_view key) const {
    return member_of(object, key, Kind::kBool, "true or false").flag;
  }

  ExportedWeight weight(const JsonNode& json) const {
    ExportedWeight w;
    w.name = *name_;
    w.member = member_of(json, "path_name", Kind::kText, "the name of a member").body->text;
    if (w.member.empty() || w.member.find('/') != std::string::npos) {
      fail(
          fmt::format("\"path_name\" should be the name of a member beside, not '{}'", shown_name(w.member)));
    }
    w.parameter = flag(json, "is_param");
    if (!flag(json, "use_pickle")) w.view = view(member_of(json, "tensor_meta", Kind::kObject, "an object"));
    return w;
  }

  ExportedWeight::View view(const JsonNode& meta) const {
    ExportedWeight::View v;
    const std::int64_t number = integer(meta, "dtype");
    const auto type =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const NumberedType& t) { return t.number == number; });
    if (type == kTypes.end()) fail(fmt::format("{} is no element type that is read", number));
    v.dtype = type->dtype;
    const std::int64_t layout = integer(meta, "layout");
    if (layout != kStridedLayout) {
      fail(fmt::format("layout {}: only strided tensors ({}) are read", layout, kStridedLayout));
    }
    v.sizes = extents(meta, "sizes");
    v.strides = extents(meta, "strides");
    if (v.sizes.size() != v.strides.size()) {
      fail(fmt::format("{} sizes and {} strides", v.sizes.size(), v.strides.size()));
    }
    v.offset = extent(member_of(meta, "storage_offset", Kind::kObject, "an object"), "storage_offset");
    v.requires_grad = flag(meta, "requires_grad");
    return v;
  }

  Dims extents(const JsonNode& meta, std::string_view key) const {
    const std::vector<JsonNode>& items = member_of(meta, key, Kind::kArray, "an array").body->items;
    check<LimitError>(items.size() <= limits_.rank,
                      "{}: the weight '{}' has {} dimensions, the limit (rank) is {}", place_.file,
                      shown_name(*name_), items.size(), limits_.rank);
    Dims out(items.size());
    std::transform(items.begin(), items.end(), out.begin(),
                   [&](const JsonNode& n) { return extent(n, key); });
    return out;
  }

  /// {"as_int": 3}; {"as_expr": ...} is a symbol that a program gets to know when it runs.
  std::int64_t extent(const JsonNode& json, std::string_view of) const {
    const JsonNode* v = json.find("as_int");
    if (v != nullptr && v->is(Kind::kInt) && v->integer >= 0) return v->integer;
    if (json.find("as_expr") != nullptr) {
      fail(fmt::format("\"{}\" holds an expression of symbols; only numbers are read", of));
    }
    fail(fmt::format("\"{}\" should hold {{\"as_int\": a number from 0}}", of));
  }

  const Place& place_;
  const LoadLimits& limits_;
  const std::string* name_ = nullptr;
};

}  // namespace

std::vector<ExportedWeight> read_export_config(std::string_view text, const Place& place,
                                               const LoadLimits& limits) {
  return Config(place, limits).read(read_json(text, place));
}

}  // namespace ballast::checkpoint
