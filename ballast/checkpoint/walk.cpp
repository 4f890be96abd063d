#include <unordered_map>

#include "ballast/checkpoint/value_arena.h"

namespace ballast::checkpoint {
namespace {

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
    if (i < top.container.size()) {
      const Value parent = top.container;  // `top` moves when a level is added
      const bool more = parent.is_mapping() ? offer(parent.value(i), parent.key(i), i)
                                            : offer(parent.item(i), std::nullopt, i);
      if (!more) return;
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
