#include "ballast/checkpoint/formats/nested_keys.h"

#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/error.h"

namespace ballast::checkpoint {
namespace {

constexpr std::size_t kNowhere = ~std::size_t{0};

std::string shown(const Value& key) {
  return key.is(Kind::kStr) ? shown_name(key.as_text()) : key.int_text();
}

Value in_arena(const IntrusivePtr<Arena>& arena, const std::vector<Value>& items) {
  TreeArena& tree = TreeArena::of(arena);
  Value list(arena, tree.sequence(Kind::kList, nullptr, 0));
  for (const Value& v : items) list.append(v);
  return list;
}

}  // namespace

NestedKeys::NestedKeys(IntrusivePtr<Arena> arena, Kind root, std::size_t count)
    : arena_(std::move(arena)), branches_{{root}}, empty_positions_left_(count) {}

std::size_t NestedKeys::child(std::size_t branch, const Value& key) {
  Branch& b = branches_[branch];
  if (key.is(Kind::kStr)) {
    if (b.kind == Kind::kList)
      throw FormatError(fmt::format("the key '{}' in what is a list elsewhere", shown(key)));
    const auto [it, first] = b.index.try_emplace(key.as_text(), branches_.size());
    if (first) b.children.emplace_back(key, branches_.size());
    return it->second;
  }
  if (b.kind != Kind::kList)
    throw FormatError(fmt::format("the position {} in what is a dict elsewhere", shown(key)));
  const auto at = static_cast<std::uint64_t>(key.as_int());
  if (at >= b.items.size()) {
    const std::uint64_t between = at - b.items.size();
    if (between > empty_positions_left_)
      throw FormatError(fmt::format("position {} of a list of which {} are known", at, b.items.size()));
    empty_positions_left_ -= static_cast<std::size_t>(between);
    b.items.resize(static_cast<std::size_t>(at) + 1, kNowhere);
  }
  if (b.items[at] == kNowhere) b.items[at] = branches_.size();
  return b.items[at];
}

void NestedKeys::set(const std::vector<Value>& path, const Value& v) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool last = i + 1 == path.size();
    const std::size_t next = child(at, path[i]);
    if (next == branches_.size()) {
      const Kind inner = last ? Kind::kNone : path[i + 1].is(Kind::kStr) ? Kind::kDict : Kind::kList;
      branches_.push_back({inner});
      if (last) branches_.back().leaf = v;
    } else if (last || branches_[next].kind == Kind::kNone) {
      throw FormatError(
          fmt::format("the key '{}' of a path that stands for something else too", shown(path[i])));
    }
    at = next;
  }
}

Value NestedKeys::value(std::size_t branch) const {
  const Branch& b = branches_[branch];
  if (b.kind == Kind::kNone) return b.leaf;
  if (b.kind == Kind::kList) {
    std::vector<Value> items;
    for (const std::size_t i : b.items) items.push_back(i == kNowhere ? Value() : value(i));
    return in_arena(arena_, items);
  }
  TreeArena& tree = TreeArena::of(arena_);
  Value out(arena_, tree.mapping(b.kind));
  for (const auto& [key, i] : b.children)
    out.set({arena_, tree.text(Kind::kStr, key.as_text(), /*copy=*/true)}, value(i));
  return out;
}

Value NestedKeys::take() { return value(0); }

}  // namespace ballast::checkpoint
