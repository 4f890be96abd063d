// The walk through a module tree that every listing, saving, loading and conversion is. Depth first, parents before
// children, children in their order; without recursion, so that depth costs no stack.
#pragma once

#include <bit>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ballast/nn/module.h"
#include "ballast/nn/pointer_set.h"

namespace ballast::nn {

struct WalkOptions {
  /// What stands before the names of the root's own entries: "" or "net.", as it is.
  std::string_view member_prefix = {};
  bool recurse = true;
  /// Each module once, under its first path. False: once per path.
  bool remove_duplicate = true;
  /// False: prefixes stay empty, for those who need no names.
  bool paths = true;
};

/// `prefix` of named_parameters and its like, which is joined to names by a dot, as a member prefix.
[[nodiscard]] inline std::string member_prefix(std::string_view prefix) {
  return prefix.empty() ? std::string() : std::string(prefix) + '.';
}

/// Whether the handle in an entry is the only one there is: then nothing else can lead to what it refers to, and a walk
/// that visits everything once need not remember it.
[[nodiscard]] inline bool is_sole(const TensorEntry& entry, const Tensor& tensor) {
  return !entry.is_shared_member && tensor.use_count() == 1;
}
[[nodiscard]] inline bool is_sole(const ChildEntry& entry, const std::shared_ptr<Module>& module) {
  return !entry.is_shared_member && module.use_count() == 1;
}

/// Error if a module stands twice on a path from the root: each name would have a longer one.
void check_has_an_end(const std::vector<const Module*>& path);
/// The depth from which on, whenever it has doubled, a walk looks whether it goes in circles.
inline constexpr std::size_t kSuspiciousDepth = 1024;

/// Calls `enter(module, prefix)` before a module's children and `leave(module, prefix)` after them, and `again(module,
/// prefix)` where one is passed over that was entered before. `prefix` stands before the names of the module's entries: ""
/// for the root or "encoder.layers.0."; the buffer is reused.
template <class Enter, class Leave, class Again>
void walk(const Module& root, const WalkOptions& options, Enter&& enter, Leave&& leave, Again&& again) {
  struct Frame {
    Module* module;
    std::size_t next;           // child
    std::size_t prefix_length;  // of the parent's prefix, to go back to
  };
  std::string prefix(options.member_prefix);
  PointerSet seen;
  std::vector<Frame> stack;
  auto* const root_module = const_cast<Module*>(&root);
  if (options.remove_duplicate) seen.insert(root_module);
  enter(*root_module, prefix);
  stack.push_back({root_module, 0, prefix.size()});
  while (!stack.empty()) {
    Frame& top = stack.back();
    const auto& children = top.module->child_entries();
    if (!options.recurse || top.next >= children.size()) {
      leave(*top.module, prefix);
      prefix.resize(top.prefix_length);
      stack.pop_back();
      continue;
    }
    const ChildEntry& entry = children[top.next++];
    const auto& held = top.module->slot(entry).module_ptr();
    Module* child = held.get();
    if (child == nullptr) continue;
    const bool sole = is_sole(entry, held) && child != root_module;
    const bool passed_over = options.remove_duplicate && !sole && !seen.insert(child);
    const std::size_t length = prefix.size();
    if (options.paths) {
      prefix += entry.name;
      prefix += '.';
    }
    if (passed_over) {
      again(*child, prefix);
      prefix.resize(length);
      continue;
    }
    enter(*child, prefix);
    if (child->child_entries().empty()) {
      leave(*child, prefix);
      prefix.resize(length);
    } else {
      stack.push_back({child, 0, length});
      if (stack.size() >= kSuspiciousDepth && std::has_single_bit(stack.size())) [[unlikely]] {
        std::vector<const Module*> path;
        path.reserve(stack.size());
        for (const Frame& f : stack) path.push_back(f.module);
        check_has_an_end(path);
      }
    }
  }
}

template <class Enter, class Leave>
void walk(const Module& root, const WalkOptions& options, Enter&& enter, Leave&& leave) {
  walk(root, options, std::forward<Enter>(enter), std::forward<Leave>(leave),
       [](Module&, const std::string&) {});
}

template <class Enter>
void walk(const Module& root, const WalkOptions& options, Enter&& enter) {
  walk(root, options, std::forward<Enter>(enter), [](Module&, const std::string&) {});
}

enum class EntryKind : std::uint8_t { kParameter, kBuffer };

[[nodiscard]] inline const Entries<TensorEntry>& entries_of(const Module& module, EntryKind kind) {
  return kind == EntryKind::kParameter ? module.parameter_entries() : module.buffer_entries();
}

/// How many entries walk_tensors will pass, absent and shared ones included: enough memory for a list of them.
[[nodiscard]] inline std::size_t count_entries(const Module& root, EntryKind kind, WalkOptions options) {
  options.paths = false;
  std::size_t n = 0;
  walk(root, options, [&](Module& m, const std::string&) { n += entries_of(m, kind).size(); });
  return n;
}

/// Calls `visit(module, entry, tensor, prefix)` for every parameter or buffer that is not absent; with
/// `remove_duplicate` every tensor object once.
template <class Visit>
void walk_tensors(const Module& root, EntryKind kind, const WalkOptions& options, Visit&& visit) {
  PointerSet seen;
  walk(root, options, [&](Module& module, const std::string& prefix) {
    for (const TensorEntry& entry : entries_of(module, kind)) {
      Tensor& tensor = module.slot(entry);
      if (!tensor.defined()) continue;
      if (options.remove_duplicate && !is_sole(entry, tensor) && !seen.insert(tensor.unsafeGetTensorImpl())) {
        continue;
      }
      visit(module, entry, tensor, prefix);
    }
  });
}

}  // namespace ballast::nn
