#include "tools/ballast/output/module_tree.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ballast::tool {
namespace {

using inspect::ListingSort;
using inspect::TensorRow;

/// What is nested deeper is one label: a name of a hundred thousand dots should not draw as many branches.
constexpr std::size_t kLevels = 64;

struct Node {
  std::string_view label;
  std::vector<const TensorRow*> tensors =
      {};  // called like this; two where a key has a dot that makes it read like a path
  std::vector<std::size_t> children = {};
  TensorSum sum = {};
};

class ModuleTree {
 public:
  ModuleTree(const inspect::TensorListing& listing, ListingSort sort) : nodes_(1) {
    for (const TensorRow& row : listing.rows) place(row);
    if (sort == ListingSort::kFile) return;
    for (Node& node : nodes_) {
      std::ranges::stable_sort(node.children, [&](std::size_t a, std::size_t b) {
        return sort == ListingSort::kSize ? nodes_[a].sum.bytes > nodes_[b].sum.bytes
                                          : nodes_[a].label < nodes_[b].label;
      });
    }
  }

  void write(TensorTable& table, std::size_t depth) const {
    if (depth == 0 && nodes_[0].sum.tensors > 0) {
      table.add("", "*", nodes_[0].sum, TensorTable::Figures::kExact);
    } else {
      write_children(table, 0, "", depth);
    }
  }

 private:
  struct Edge {
    std::size_t parent;
    std::string_view label;
    bool operator==(const Edge&) const = default;
  };
  struct EdgeHash {
    std::size_t operator()(const Edge& e) const {
      return std::hash<std::string_view>()(e.label) ^ (e.parent * 0x9E3779B97F4A7C15u);
    }
  };

  void place(const TensorRow& row) {
    std::string_view rest = row.tensor->name;
    std::size_t at = 0;
    nodes_[at].sum.add(row);
    for (std::size_t level = 1;; ++level) {
      const std::size_t dot = level < kLevels ? rest.find('.') : std::string_view::npos;
      const std::string_view label = rest.substr(0, dot);
      const auto [edge, is_new] = edges_.try_emplace({at, label}, nodes_.size());
      if (is_new) {
        nodes_[at].children.push_back(nodes_.size());
        nodes_.push_back({label});
      }
      at = edge->second;
      nodes_[at].sum.add(row);
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    nodes_[at].tensors.push_back(&row);
  }

  void write_children(TensorTable& table, std::size_t parent, const std::string& lead,
                      std::size_t depth) const {
    const std::vector<std::size_t>& children = nodes_[parent].children;
    const bool top = parent == 0;  // without branches
    for (const std::size_t child : children) {
      const Node& node = nodes_[child];
      const bool last = child == children.back();
      const std::string branch = top ? "" : lead + (last ? "└─ " : "├─ ");
      if (node.children.empty() || depth > 1) {
        const std::string trunk = top ? "" : lead + (last ? "   " : "│  ");
        for (const TensorRow* row : node.tensors) table.add(branch, label_of(node), *row);
        if (node.tensors.empty()) table.add(branch, label_of(node), node.sum, TensorTable::Figures::kExact);
        write_children(table, child, trunk, depth - 1);
      } else {
        table.add(branch, label_of(node), node.sum, TensorTable::Figures::kExact);
      }
    }
  }

  /// A key may be empty; the table has a word for a whole name that is.
  [[nodiscard]] std::string_view label_of(const Node& node) const {
    return node.label.empty() && nodes_[0].sum.tensors > 1 ? "''" : node.label;
  }

  std::vector<Node> nodes_;  // the root first
  std::unordered_map<Edge, std::size_t, EdgeHash> edges_;
};

}  // namespace

void add_module_tree(TensorTable& table, const inspect::TensorListing& listing, ListingSort sort,
                     std::optional<std::size_t> depth) {
  ModuleTree(listing, sort).write(table, depth.value_or(kLevels + 1));
}

}  // namespace ballast::tool
