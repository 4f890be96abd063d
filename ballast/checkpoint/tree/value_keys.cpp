// Keys of mappings: what can be one, when two are equal.
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

// A tuple may hold another twice, and so on: counted as a tree it can be larger than memory.
constexpr std::size_t kLargestKey = 1024;
constexpr std::size_t kLongestTexts = 4096;

/// The integer that a bool, an int or a whole float equals.
std::optional<std::int64_t> whole(const Node& n) {
  if (n.kind == Kind::kBool) return n.flag ? 1 : 0;
  if (n.kind == Kind::kInt && !n.flag) return n.integer;
  if (n.kind == Kind::kFloat && n.real >= -0x1p63 && n.real < 0x1p63 && std::nearbyint(n.real) == n.real) {
    return static_cast<std::int64_t>(n.real);
  }
  return std::nullopt;
}

bool is_text(const Node& n) {
  switch (n.kind) {
    case Kind::kStr:
    case Kind::kBytes:
    case Kind::kDType:
    case Kind::kDevice:
    case Kind::kName:
      return true;
    case Kind::kInt:
      return n.flag;
    default:
      return false;
  }
}

bool is_tuple(const Node& n) { return n.kind == Kind::kTuple || n.kind == Kind::kSize; }

bool by_identity(const Node& n) {
  return n.kind == Kind::kTensor || n.kind == Kind::kStorage || n.kind == Kind::kObject ||
         n.kind == Kind::kFrozenSet || n.kind == Kind::kNone;
}

std::uint64_t hash_leaf(const Node& n) {
  if (const auto i = whole(n)) return mix_hash(static_cast<std::uint64_t>(*i) + 0x9E3779B97F4A7C15u);
  if (is_text(n)) return std::hash<std::string_view>{}(text_of(n));
  if (n.kind == Kind::kFloat) return mix_hash(std::bit_cast<std::uint64_t>(n.real));
  if (n.kind == Kind::kComplex) return mix_hash(std::bit_cast<std::uint64_t>(n.complex->real()));
  if (by_identity(n)) return mix_hash(reinterpret_cast<std::uintptr_t>(&n));
  throw DTypeError(fmt::format("unhashable type: '{}'", kind_name(n.kind)));
}

bool equal_leaves(const Node& a, const Node& b) {
  const auto x = whole(a);
  const auto y = whole(b);
  if (x || y) return x == y;
  if (a.kind != b.kind) return false;
  if (is_text(a)) return text_of(a) == text_of(b);
  if (a.kind == Kind::kFloat) return a.real == b.real;
  if (a.kind == Kind::kComplex) return *a.complex == *b.complex;
  return &a == &b;
}

/// Calls `leaf` for the leaves and `open` for the tuples of a key, in order.
template <class Open, class Leaf>
void each_part(const Node* key, Open&& open, Leaf&& leaf) {
  if (!is_tuple(*key)) return leaf(*key);
  std::vector<std::pair<const Node*, std::uint32_t>> path{{key, 0}};
  open(*key);
  std::size_t texts = 0;
  for (std::size_t parts = 0; !path.empty();) {
    auto& [tuple, next] = path.back();
    if (next == tuple->size) {
      path.pop_back();
      continue;
    }
    check<LimitError>(++parts < kLargestKey, "a key that is a tuple of more than {} parts", kLargestKey);
    const Node* part = tuple->items[next++];
    if (is_text(*part)) {
      texts += part->size;
      check<LimitError>(texts <= kLongestTexts, "a key that is a tuple of texts of more than {} bytes",
                        kLongestTexts);
    }
    if (is_tuple(*part)) {
      open(*part);
      path.emplace_back(part, 0);
    } else {
      leaf(*part);
    }
  }
}

}  // namespace

std::uint64_t hash_key(const Node* key) {
  std::uint64_t h = 0;
  each_part(
      key, [&](const Node& t) { h = mix_hash(h + t.size + 0x51); },
      [&](const Node& n) { h = mix_hash(h * 31 + hash_leaf(n)); });
  return h;
}

bool equal_keys(const Node* a, const Node* b) {
  if (a == b) return true;
  if (is_tuple(*a) != is_tuple(*b)) return false;
  if (!is_tuple(*a)) return equal_leaves(*a, *b);
  const auto parts = [](const Node* key) {
    std::vector<const Node*> out;
    each_part(
        key, [&](const Node& t) { out.push_back(&t); }, [&](const Node& n) { out.push_back(&n); });
    return out;
  };
  const auto x = parts(a);
  const auto y = parts(b);
  if (x.size() != y.size()) return false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool tuple = is_tuple(*x[i]);
    if (tuple != is_tuple(*y[i])) return false;
    if (tuple ? x[i]->size != y[i]->size : !equal_leaves(*x[i], *y[i])) return false;
  }
  return true;
}

std::uint32_t find_key(const Node& mapping, const Node* key) {
  return find_key(mapping, key,
                  hash_key(key));  // a key that cannot be one is refused by an empty mapping too
}

std::uint32_t find_key(const Node& mapping, const Node* key, std::uint64_t hash) {
  const DictBody& d = *mapping.dict;
  const auto equal = [&](std::uint32_t p) { return equal_keys(d.pairs[std::size_t{p} * 2], key); };
  if (d.index != nullptr) return d.index->find(hash, equal);
  for (std::uint32_t p = 0; p < mapping.size; ++p) {
    if (equal(p)) return p;
  }
  return ProbeTable::kNone;
}

}  // namespace ballast::checkpoint
