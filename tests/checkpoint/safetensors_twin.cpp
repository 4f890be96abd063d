#include "tests/checkpoint/safetensors_twin.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

namespace ballast::testing {
namespace {

using Tree = nlohmann::ordered_json;

const std::map<DType, std::string> kNames = {{kBool, "BOOL"},
                                             {kUInt8, "U8"},
                                             {kInt8, "I8"},
                                             {kInt16, "I16"},
                                             {kUInt16, "U16"},
                                             {kFloat16, "F16"},
                                             {kBFloat16, "BF16"},
                                             {kInt32, "I32"},
                                             {kUInt32, "U32"},
                                             {kFloat32, "F32"},
                                             {kFloat64, "F64"},
                                             {kInt64, "I64"},
                                             {kUInt64, "U64"},
                                             {kComplex64, "C64"},
                                             {kFloat8_e4m3fn, "F8_E4M3"},
                                             {kFloat8_e5m2, "F8_E5M2"},
                                             {kFloat8_e8m0fnu, "F8_E8M0"},
                                             {kFloat8_e4m3fnuz, "F8_E4M3FNUZ"},
                                             {kFloat8_e5m2fnuz, "F8_E5M2FNUZ"}};

/// The tree of a text, if it is JSON and no object in it has a key twice.
std::optional<Tree> parse(const std::string& text) {
  std::vector<std::set<std::string>> keys;
  bool twice = false;
  const auto look = [&](int /*depth*/, Tree::parse_event_t event, Tree& value) {
    if (event == Tree::parse_event_t::object_start) keys.emplace_back();
    if (event == Tree::parse_event_t::object_end) keys.pop_back();
    if (event == Tree::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      twice = true;
    return true;
  };
  Tree tree = Tree::parse(text, look, false);
  if (tree.is_discarded() || twice) return std::nullopt;
  return tree;
}

bool is_list_of_sizes(const Tree& list) {
  return list.is_array() &&
         std::all_of(list.begin(), list.end(), [](const Tree& v) { return v.is_number_unsigned(); });
}

struct Range {
  std::uint64_t begin, end;
  std::string name;
};

std::optional<TwinTensor> tensor_of(const Tree& e, Range& range) {
  if (!e.is_object() || e.size() != 3 || !e.contains("dtype") || !e.contains("shape") ||
      !e.contains("data_offsets"))
    return std::nullopt;
  if (!e["dtype"].is_string() || !is_list_of_sizes(e["shape"]) || !is_list_of_sizes(e["data_offsets"]))
    return std::nullopt;
  if (e["data_offsets"].size() != 2 || e["shape"].size() > 64) return std::nullopt;
  const auto dtype =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.second == e["dtype"]; });
  if (dtype == kNames.end()) return std::nullopt;
  TwinTensor t{dtype->second, {}, {}};
  auto bytes = static_cast<std::uint64_t>(itemsize(dtype->first));
  bool empty = false;
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 63;
  for (const Tree& size : e["shape"]) {
    const auto n = size.get<std::uint64_t>();
    if (n >= kLargest) return std::nullopt;
    t.shape.push_back(static_cast<std::int64_t>(n));
    empty = empty || n == 0;
    const std::uint64_t factor = std::max<std::uint64_t>(n, 1);
    if (factor > (kLargest - 1) / bytes) return std::nullopt;
    bytes *= factor;
  }
  range.begin = e["data_offsets"][0];
  range.end = e["data_offsets"][1];
  if (range.end < range.begin || range.end - range.begin != (empty ? 0 : bytes)) return std::nullopt;
  return t;
}

}  // namespace

std::string safetensors_twin_name(DType dtype) {
  const auto it = kNames.find(dtype);
  return it == kNames.end() ? "none" : it->second;
}

std::optional<TwinContent> safetensors_twin(const std::string& file) {
  if (file.size() < 8) return std::nullopt;
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(file[i]);
  if (length > 100'000'000 || length > file.size() - 8) return std::nullopt;
  std::string header = file.substr(8, length);
  const std::string data = file.substr(8 + length);
  while (header.ends_with(' ')) header.pop_back();
  if (!header.starts_with('{') || !header.ends_with('}')) return std::nullopt;
  const auto tree = parse(header);
  if (!tree || !tree->is_object()) return std::nullopt;

  TwinContent out;
  std::vector<Range> ranges;
  for (const auto& [name, e] : tree->items()) {
    if (name == "__metadata__") {
      if (!e.is_object()) return std::nullopt;
      for (const auto& [key, value] : e.items()) {
        if (!value.is_string()) return std::nullopt;
        out.texts[key] = value;
      }
      continue;
    }
    Range range{0, 0, name};
    auto tensor = tensor_of(e, range);
    if (!tensor) return std::nullopt;
    out.tensors.emplace(name, *std::move(tensor));
    ranges.push_back(range);
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t end = 0;
  for (const Range& r : ranges) {
    if (r.begin != end) return std::nullopt;
    end = r.end;
  }
  if (end != data.size()) return std::nullopt;
  for (const Range& r : ranges) out.tensors[r.name].bytes = data.substr(r.begin, r.end - r.begin);

  std::map<std::string, TwinTensor> tied;
  for (const auto& [key, value] : out.texts) {
    if (!out.tensors.contains(key) && out.tensors.contains(value)) tied[key] = out.tensors[value];
  }
  for (const auto& [name, tensor] : tied) {
    out.texts.erase(name);
    out.tensors[name] = tensor;
  }
  return out;
}

}  // namespace ballast::testing
