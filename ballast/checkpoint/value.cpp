#include "ballast/checkpoint/value.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

constinit Node kNoneNode{};
constinit Node kFalseNode{.kind = Kind::kBool, .flag = false, .aux = 0, .size = 0, .integer = 0};
constinit Node kTrueNode{.kind = Kind::kBool, .flag = true, .aux = 0, .size = 0, .integer = 0};

[[noreturn]] void throw_kind(std::string_view expected, Kind found) {
  throw DTypeError(fmt::format("expected {} but found {}", expected, kind_phrase(found)));
}

bool is_mapping_kind(Kind k) { return k == Kind::kDict || k == Kind::kOrderedDict || k == Kind::kCounter; }
bool is_sequence_kind(Kind k) { return k == Kind::kList || k == Kind::kTuple || k == Kind::kSize; }
bool is_set_kind(Kind k) { return k == Kind::kSet || k == Kind::kFrozenSet; }

struct NewNode {
  IntrusivePtr<Arena> arena = TreeArena::make();
  TreeArena* operator->() const { return &TreeArena::of(arena); }
  [[nodiscard]] Value with(Node* n) const { return {arena, n}; }
};

/// Long division of a little-endian magnitude by 10^9, in place; the remainder.
std::uint32_t divide(std::vector<std::uint32_t>& words) {
  constexpr std::uint64_t kBase = 1'000'000'000;
  std::uint64_t rest = 0;
  for (std::size_t i = words.size(); i-- > 0;) {
    rest = rest << 32 | words[i];
    words[i] = static_cast<std::uint32_t>(rest / kBase);
    rest %= kBase;
  }
  while (!words.empty() && words.back() == 0) words.pop_back();
  return static_cast<std::uint32_t>(rest);
}

std::string decimal_of(std::string_view bytes) {
  const bool negative = (static_cast<unsigned char>(bytes.back()) & 0x80) != 0;
  std::vector<std::uint32_t> words((bytes.size() + 3) / 4, 0);
  std::uint32_t carry = negative ? 1 : 0;  // the magnitude of a negative number is its complement plus one
  for (std::size_t i = 0; i < words.size() * 4; ++i) {
    const std::uint32_t fill = negative ? 0xFF : 0;
    std::uint32_t byte = i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : fill;
    if (negative) {
      byte = (byte ^ 0xFF) + carry;
      carry = byte >> 8;
      byte &= 0xFF;
    }
    words[i / 4] |= byte << (i % 4 * 8);
  }
  std::string out;
  while (!words.empty()) {
    std::uint32_t part = divide(words);
    for (int digit = 0; digit < 9 && (part != 0 || !words.empty()); ++digit, part /= 10) {
      out += static_cast<char>('0' + part % 10);
    }
  }
  if (out.empty()) out = "0";
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

std::string bytes_of_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  check<ValueError>(!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos,
                    "'{}' is not a decimal integer", text);
  std::vector<std::uint8_t> bytes;
  for (const char c : digits) {
    std::uint32_t carry = static_cast<std::uint32_t>(c - '0');
    for (auto& b : bytes) {
      carry += b * 10u;
      b = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    if (carry != 0) bytes.push_back(static_cast<std::uint8_t>(carry));
  }
  bytes.push_back(0);
  if (negative) {
    std::uint32_t carry = 1;
    for (auto& b : bytes) {
      carry += static_cast<std::uint8_t>(~b);
      b = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  return {bytes.begin(), bytes.end()};
}

Value metadata_value(const StateDict& dict) {
  Value metadata = Value::ordered_dict();
  for (const auto& m : dict.metadata) {
    Value version = Value::dict();
    version.set("version", m.version);
    metadata.set(m.path, version);
  }
  Value attributes = Value::dict();
  attributes.set("_metadata", metadata);
  return attributes;
}

}  // namespace

Node* none_node() noexcept { return &kNoneNode; }
Node* bool_node(bool v) noexcept { return v ? &kTrueNode : &kFalseNode; }

std::string_view kind_name(Kind kind) noexcept {
  constexpr std::string_view kNames[] = {
      "none",  "bool",   "int",  "float",   "complex",     "str",     "bytes", "bytearray",
      "list",  "tuple",  "size", "dict",    "OrderedDict", "Counter", "set",   "frozenset",
      "dtype", "device", "name", "storage", "tensor",      "ndarray", "object"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string kind_phrase(Kind kind) {
  if (kind == Kind::kNone) return "None";
  const std::string_view name = kind_name(kind);
  const bool vowel = std::string_view("aeiouAEIOU").find(name.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", name);
}

std::string_view layout_name(Layout layout) noexcept {
  constexpr std::string_view kNames[] = {"strided",    "sparse_coo", "sparse_csr", "sparse_csc",
                                         "sparse_bsr", "sparse_bsc", "quantized"};
  return kNames[static_cast<std::size_t>(layout)];
}

Value::Value() noexcept : node_(none_node()) {}
Value::Value(IntrusivePtr<Arena> arena, Node* node) noexcept : arena_(std::move(arena)), node_(node) {}

Value Value::of_bool(bool v) noexcept { return {nullptr, bool_node(v)}; }
Value Value::of_int(std::int64_t v) {
  const NewNode a;
  return a.with(a->integer(v));
}
Value::Value(double v) {
  const NewNode a;
  *this = a.with(a->real(v));
}
Value::Value(std::complex<double> v) {
  const NewNode a;
  *this = a.with(a->complex(v));
}
Value::Value(std::string_view text) {
  const NewNode a;
  *this = a.with(a->text(Kind::kStr, text, true));
}
Value::Value(DType dtype) {
  const NewNode a;
  *this = a.with(a->text(Kind::kDType, dtype_name(dtype), true));
}
Value::Value(const Tensor& tensor) {
  TensorValue v;
  v.tensor = tensor;
  v.requires_grad = tensor.requires_grad();
  v.parameter = tensor.is_parameter();
  const NewNode a;
  *this = a.with(a->tensor(std::move(v)));
}
Value::Value(const StateDict& dict) {
  const NewNode a;
  Node* mapping = a->mapping(Kind::kOrderedDict);
  for (const auto& [name, tensor] : dict) {
    TensorValue v;
    v.tensor = tensor;
    v.requires_grad = tensor.requires_grad();
    v.parameter = tensor.is_parameter();
    check<KeyError>(a->insert(mapping, a->text(Kind::kStr, name, true), a->tensor(std::move(v))),
                    "the key '{}' is there already", name);
  }
  *this = a.with(mapping);
  if (dict.has_metadata) set_attributes(metadata_value(dict));
}

Value Value::list(const std::vector<Value>& items) {
  const NewNode a;
  Value out = a.with(a->sequence(Kind::kList, nullptr, 0));
  for (const Value& v : items) out.append(v);
  return out;
}

Value Value::tuple(const std::vector<Value>& items) {
  const NewNode a;
  std::vector<Node*> nodes;
  for (const Value& v : items) {
    TreeArena::join(a.arena, v.arena());
    nodes.push_back(v.node());
  }
  return a.with(a->sequence(Kind::kTuple, nodes.data(), nodes.size()));
}

Value Value::dict() {
  const NewNode a;
  return a.with(a->mapping(Kind::kDict));
}
Value Value::ordered_dict() {
  const NewNode a;
  return a.with(a->mapping(Kind::kOrderedDict));
}
Value Value::bytes(std::string_view raw) {
  const NewNode a;
  return a.with(a->text(Kind::kBytes, raw, true));
}
Value Value::device(std::string_view text) {
  const NewNode a;
  return a.with(a->text(Kind::kDevice, text, true));
}
Value Value::size(IntArrayRef sizes) {
  const NewNode a;
  std::vector<Node*> nodes;
  for (const std::int64_t n : sizes) nodes.push_back(a->integer(n));
  return a.with(a->sequence(Kind::kSize, nodes.data(), nodes.size()));
}
Value Value::integer(std::string_view decimal) {
  const NewNode a;
  return a.with(a->big_integer(bytes_of_decimal(decimal), true));
}

Kind Value::kind() const noexcept { return node_->kind; }
bool Value::is_mapping() const noexcept { return is_mapping_kind(kind()); }
bool Value::is_sequence() const noexcept { return is_sequence_kind(kind()); }
bool Value::is_set() const noexcept { return is_set_kind(kind()); }

const Node& Value::expect(Kind k) const {
  if (kind() != k) throw_kind(kind_phrase(k), kind());
  return *node_;
}

bool Value::as_bool() const { return expect(Kind::kBool).flag; }
bool Value::fits_int64() const { return !expect(Kind::kInt).flag; }
std::int64_t Value::as_int() const {
  check<LimitError>(fits_int64(), "the integer {} does not fit into 64 bits", int_text());
  return node_->integer;
}
std::string Value::int_text() const {
  const Node& n = expect(Kind::kInt);
  return n.flag ? decimal_of(text_of(n)) : fmt::format("{}", n.integer);
}
double Value::as_float() const { return expect(Kind::kFloat).real; }
std::complex<double> Value::as_complex() const { return *expect(Kind::kComplex).complex; }

std::string_view Value::as_text() const {
  switch (kind()) {
    case Kind::kStr:
    case Kind::kDType:
    case Kind::kDevice:
    case Kind::kName:
      return text_of(*node_);
    case Kind::kObject:
      return text_of(*node_->dict->class_name);
    default:
      throw_kind("a str", kind());
  }
}
std::string_view Value::as_bytes() const {
  if (kind() != Kind::kBytes && kind() != Kind::kByteArray) throw_kind("bytes", kind());
  return text_of(*node_);
}

std::size_t Value::size() const {
  if (!is_container()) throw_kind("a container", kind());
  return node_->size;
}
namespace {
void check_position(std::size_t i, const Node& n) {
  if (i >= n.size)
    throw IndexError(fmt::format("{} is out of range for {} of {}", i, kind_phrase(n.kind), n.size));
}
}  // namespace

Value Value::item(std::size_t i) const {
  if (!is_sequence() && !is_set()) throw_kind("a list, tuple or set", kind());
  check_position(i, *node_);
  return {arena_, is_set() ? node_->dict->pairs[i * 2] : node_->items[i]};
}
Value Value::key(std::size_t i) const {
  if (!is_mapping() && !is(Kind::kObject)) throw_kind("a mapping", kind());
  check_position(i, *node_);
  return {arena_, node_->dict->pairs[i * 2]};
}
Value Value::value(std::size_t i) const {
  if (!is_mapping() && !is(Kind::kObject)) throw_kind("a mapping", kind());
  check_position(i, *node_);
  return {arena_, node_->dict->pairs[i * 2 + 1]};
}
std::optional<Value> Value::find(std::string_view key) const {
  if (!is_mapping()) throw_kind("a mapping", kind());
  Node wanted;
  wanted.kind = Kind::kStr;
  wanted.text = key.data();
  wanted.size = static_cast<std::uint32_t>(key.size());
  const std::uint32_t p = find_key(*node_, &wanted);
  if (p == ProbeTable::kNone) return std::nullopt;
  return value(p);
}
Value Value::at(std::string_view key) const {
  auto v = find(key);
  check<KeyError>(v.has_value(), "there is no entry '{}'", key);
  return *std::move(v);
}
Value Value::attributes() const {
  const bool can_have = is_mapping() || is_set() || is(Kind::kObject);
  if (!can_have || node_->dict->attributes == nullptr) return {};
  return {arena_, node_->dict->attributes};
}
Value Value::arguments() const { return {arena_, expect(Kind::kObject).dict->arguments}; }
bool Value::is_module() const {
  if (!is(Kind::kObject)) return false;
  const Value a = attributes();
  if (!a.is_mapping()) return false;
  for (const std::string_view part : {"_parameters", "_buffers", "_modules"}) {
    const auto v = a.find(part);
    if (!v || !v->is_mapping()) return false;
  }
  return true;
}

const TensorValue& Value::tensor() const {
  return *(is(Kind::kNdArray) ? *node_ : expect(Kind::kTensor)).tensor;
}
const StorageValue& Value::storage() const { return *expect(Kind::kStorage).storage; }

void Value::append(const Value& v) {
  expect(Kind::kList);
  TreeArena::join(arena_, v.arena_);
  TreeArena::of(arena_).append(node_, &v.node_, 1);
}

void Value::set(const Value& key, const Value& v) {
  if (!is_mapping()) throw_kind("a mapping", kind());
  const std::uint32_t p = find_key(*node_, key.node_);
  TreeArena::join(arena_, v.arena_);
  if (p != ProbeTable::kNone) {
    node_->dict->pairs[std::size_t{p} * 2 + 1] = v.node_;
    return;
  }
  TreeArena::join(arena_, key.arena_);
  static_cast<void>(TreeArena::of(arena_).insert(node_, key.node_, v.node_));
}

void Value::set_attributes(const Value& mapping) {
  if (!is_mapping()) throw_kind("a mapping", kind());
  if (!mapping.is_mapping()) throw_kind("a mapping", mapping.kind());
  TreeArena::join(arena_, mapping.arena_);
  node_->dict->attributes = mapping.node_;
}

}  // namespace ballast::checkpoint
