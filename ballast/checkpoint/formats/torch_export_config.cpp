#include "ballast/checkpoint/formats/torch_export_config.h"

#include <algorithm>
#include <array>

#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/json_tree.h"

namespace ballast::checkpoint {
namespace {

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

  std::vector<ExportedWeight> read(const Value& root) {
    const auto config = find(root, "config");
    if (!config || !config->is(Kind::kDict)) fail("there should be an object \"config\"");
    std::vector<ExportedWeight> out;
    out.reserve(config->size());
    for (std::size_t i = 0; i < config->size(); ++i) {
      name_ = std::string(config->key(i).as_text());
      out.push_back(weight(config->value(i)));
    }
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw FormatError(name_ ? fmt::format("the weight '{}': {}", shown_name(*name_), reason) : reason,
                      place_.file, place_.record);
  }

  static std::optional<Value> find(const Value& object, std::string_view key) {
    return object.is(Kind::kDict) ? object.find(key) : std::nullopt;
  }
  Value member_of(const Value& object, std::string_view key, Kind kind, std::string_view phrase) const {
    auto v = find(object, key);
    if (!v || !v->is(kind)) fail(fmt::format("\"{}\" should be {}", key, phrase));
    return *std::move(v);
  }
  std::int64_t integer(const Value& object, std::string_view key) const {
    const Value v = member_of(object, key, Kind::kInt, "an integer");
    if (!v.fits_int64()) fail(fmt::format("\"{}\" should be an integer of 63 bits", key));
    return v.as_int();
  }
  bool flag(const Value& object, std::string_view key) const {
    return member_of(object, key, Kind::kBool, "true or false").as_bool();
  }

  ExportedWeight weight(const Value& json) const {
    ExportedWeight w;
    w.name = *name_;
    w.member = member_of(json, "path_name", Kind::kStr, "the name of a member").as_text();
    if (w.member.empty() || w.member.find('/') != std::string::npos) {
      fail(
          fmt::format("\"path_name\" should be the name of a member beside, not '{}'", shown_name(w.member)));
    }
    w.parameter = flag(json, "is_param");
    if (!flag(json, "use_pickle")) w.view = view(member_of(json, "tensor_meta", Kind::kDict, "an object"));
    return w;
  }

  ExportedWeight::View view(const Value& meta) const {
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
    v.offset = extent(member_of(meta, "storage_offset", Kind::kDict, "an object"), "storage_offset");
    v.requires_grad = flag(meta, "requires_grad");
    return v;
  }

  Dims extents(const Value& meta, std::string_view key) const {
    const Value items = member_of(meta, key, Kind::kList, "an array");
    check<LimitError>(items.size() <= limits_.rank,
                      "{}: the weight '{}' has {} dimensions, the limit (rank) is {}", place_.file,
                      shown_name(*name_), items.size(), limits_.rank);
    Dims out(items.size());
    for (std::size_t d = 0; d < items.size(); ++d) out[d] = extent(items.item(d), key);
    return out;
  }

  /// {"as_int": 3}; {"as_expr": ...} is a symbol that a program gets to know when it runs.
  std::int64_t extent(const Value& json, std::string_view of) const {
    const auto v = find(json, "as_int");
    if (v && v->is(Kind::kInt) && v->fits_int64() && v->as_int() >= 0) return v->as_int();
    if (find(json, "as_expr")) {
      fail(fmt::format("\"{}\" holds an expression of symbols; only numbers are read", of));
    }
    fail(fmt::format("\"{}\" should hold {{\"as_int\": a number from 0}}", of));
  }

  const Place& place_;
  const LoadLimits& limits_;
  std::optional<std::string> name_;
};

}  // namespace

std::vector<ExportedWeight> read_export_config(std::string_view text, const Place& place,
                                               const LoadLimits& limits) {
  return Config(place, limits).read(read_json(std::string(text), place));
}

}  // namespace ballast::checkpoint
