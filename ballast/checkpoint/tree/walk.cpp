#include <unordered_map>

#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {
namespace {

struct Child {
  std::optional<Value> key;
  Value value;
};

/// The parts of an object, one after the other.
std::optional<Child> child_of_object(const Value& object, std::size_t i) {
  const Value attributes = object.attributes();
  if (attributes.is_mapping()) {
    if (i < attributes.size()) return Child{attributes.key(i), attributes.value(i)};
    i -= attributes.size();
  } else if (!attributes.is_none()) {
    if (i == 0) return Child{Value("state"), attributes};
    --i;
  }
  if (i < object.size()) return Child{object.key(i), object.value(i)};
  i -= object.size();
  const Value arguments = object.arguments();
  if (i < arguments.size()) return Child{std::nullopt, arguments.item(i)};
  return std::nullopt;
}

std::optional<Child> child_of(const Value& container, std::size_t i) {
  if (container.is(Kind::kObject)) return child_of_object(container, i);
  if (i >= container.size()) return std::nullopt;
  if (container.is_mapping()) return Child{container.key(i), container.value(i)};
  return Child{std::nullopt, container.item(i)};
}

struct Level {
  Value container;
  std::optional<Value> key;
  std::size_t index;
  std::size_t next = 0;
  bool repeated = false;
};

}  // namespace

void walk(const Value& root, const std::function<Walk(const Visit&)>& visit) {
  std::vector<Level> path;
  std::unordered_map<const void*, bool> seen;  // containers, and whether we are inside of them

  // Offers one value; false once the visitor has had enough.
  const auto offer = [&](const Value& v, std::optional<Value> key, std::size_t index) {
    Visit at{Visit::Phase::kLeaf, v, std::move(key), index, path.size(), false, false};
    if (!v.is_container()) return visit(at) != Walk::kStop;
    at.phase = Visit::Phase::kEnter;
    const auto [place, first] = seen.try_emplace(v.id(), false);
    at.repeated = !first;
    at.cycle = place->second;
    const Walk answer = visit(at);
    if (answer == Walk::kStop) return false;
    if (answer == Walk::kInto && !at.cycle) {
      place->second = true;
      path.push_back({v, std::move(at.key), index, 0, at.repeated});
    }
    return true;
  };

  if (!offer(root, std::nullopt, 0)) return;
  while (!path.empty()) {
    Level& top = path.back();
    const std::size_t i = top.next++;
    if (auto child = child_of(top.container, i)) {
      if (!offer(child->value, std::move(child->key), i)) return;
      continue;
    }
    seen[top.container.id()] = false;
    const Level done = std::move(top);
    path.pop_back();
    if (visit({Visit::Phase::kLeave, done.container, done.key, done.index, path.size(), done.repeated,
               false}) == Walk::kStop) {
      return;
    }
  }
}

}  // namespace ballast::checkpoint
