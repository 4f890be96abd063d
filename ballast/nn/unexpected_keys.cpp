#include "ballast/nn/unexpected_keys.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "ballast/nn/walk.h"

namespace ballast::nn {

namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};
struct Node {
  const Module* module;
  std::size_t order;
};
using Tree = std::unordered_map<std::string, Node, Hash, std::equal_to<>>;  // by "" or "a.b."

bool has_entry(const Module& m, std::string_view name) {
  if (const TensorEntry* p = m.parameter_entries().find(name)) return m.slot(*p).defined();
  if (const TensorEntry* b = m.buffer_entries().find(name)) return b->persistent && m.slot(*b).defined();
  return name == "_extra_state" && m.get_extra_state().defined();
}

/// The module at which `key` leaves the tree; null if it has a place.
const Node* leaves_at(const Tree& tree, std::string_view key) {
  const Node* at = &tree.find(std::string_view())->second;
  for (std::size_t start = 0;;) {
    const std::size_t dot = key.find('.', start);
    if (dot == std::string_view::npos) return has_entry(*at->module, key.substr(start)) ? nullptr : at;
    const auto next = tree.find(key.substr(0, dot + 1));
    if (next == tree.end()) {
      const bool absent_child = at->module->has_child(key.substr(start, dot - start));
      return absent_child ? nullptr : at;
    }
    at = &next->second;
    start = dot + 1;
  }
}

}  // namespace

std::vector<std::string> unexpected_keys(const Module& root, const StateDict& state) {
  Tree tree;
  walk(root, {.remove_duplicate = false}, [&](Module& m, const std::string& prefix) {
    tree.emplace(prefix, Node{&m, tree.size()});
  });
  std::vector<std::pair<std::size_t, const std::string*>> found;
  for (const auto& item : state.items()) {
    if (const Node* node = leaves_at(tree, item.key())) found.emplace_back(node->order, &item.key());
  }
  std::ranges::stable_sort(found, {}, &std::pair<std::size_t, const std::string*>::first);
  std::vector<std::string> out;
  out.reserve(found.size());
  for (const auto& [order, key] : found) out.push_back(*key);
  return out;
}

}  // namespace ballast::nn
