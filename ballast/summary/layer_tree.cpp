#include "ballast/summary/layer_tree.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ballast/core/error.h"
#include "ballast/nn/storage_groups.h"
#include "ballast/nn/walk.h"

namespace ballast::detail {
namespace {

using nn::EntryKind;

constexpr std::size_t kDeepest = 1000;

/// "conv1" of "layer1.0.conv1."
std::string_view without_dot(std::string_view prefix) {
  return prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);
}

void add_tensor(LayerFigures& to, EntryKind kind, const Tensor& t) {
  const auto elements = static_cast<std::uint64_t>(t.numel());
  const std::uint64_t bytes = elements * static_cast<std::uint64_t>(t.itemsize());
  if (kind == EntryKind::kBuffer) {
    to.buffers += elements;
    to.buffer_bytes += bytes;
    return;
  }
  to.parameters += elements;
  to.parameter_bytes += bytes;
  if (t.requires_grad()) to.trainable += elements;
}

/// The tensors' part of figures, modulo 2^64: sums of differences come out right.
void combine_tensors(LayerFigures& to, const LayerFigures& from, std::uint64_t times) {
  to.parameters += times * from.parameters;
  to.trainable += times * from.trainable;
  to.parameter_bytes += times * from.parameter_bytes;
  to.buffers += times * from.buffers;
  to.buffer_bytes += times * from.buffer_bytes;
}

class TreeBuilder {
 public:
  LayerTree run(const nn::Module& root) {
    nn::walk(
        root, {}, [this](nn::Module& m, const std::string& prefix) { enter(m, prefix); },
        [this](nn::Module&, const std::string&) { open_.pop_back(); },
        [this](nn::Module& m, const std::string& prefix) { again(m, prefix); });
    // What stands at several places below one module was counted at each, and taken off once for each after the first.
    for (std::size_t i = layers().size(); i-- > 1;) {
      combine_tensors(layers()[layers()[i].parent].total, layers()[i].total, 1);
    }
    mark_shared_memory(EntryKind::kParameter, root);
    mark_shared_memory(EntryKind::kBuffer, root);
    return std::move(tree_);
  }

 private:
  struct Place {
    bool known = false;
    std::size_t first = 0, last = 0;  // rows
    std::string path;                 // the first
  };

  std::vector<LayerSummary>& layers() { return tree_.summary.layers; }

  std::size_t add_row(nn::Module& m, std::string_view prefix) {
    check<LimitError>(open_.size() <= kDeepest, "summary: a module tree deeper than {} levels", kDeepest);
    const std::size_t row = layers().size();
    LayerSummary layer;
    layer.path = without_dot(prefix);
    layer.name = layer.path.substr(layer.path.rfind('.') + 1);
    layer.class_name = m.class_name();
    layer.extra_repr = m.extra_repr();
    layer.depth = open_.size();
    if (!open_.empty()) layer.parent = open_.back();
    layers().push_back(std::move(layer));
    tree_.modules.push_back(&m);
    tree_.places.emplace(&m).first->push_back(row);
    return row;
  }

  void enter(nn::Module& m, const std::string& prefix) {
    const std::size_t row = add_row(m, prefix);
    open_.push_back(row);
    for (const EntryKind kind : {EntryKind::kParameter, EntryKind::kBuffer}) {
      nn::PointerSet here;
      for (const nn::TensorEntry& entry : nn::entries_of(m, kind)) {
        const Tensor& t = m.slot(entry);
        if (!t.defined()) continue;
        if (here.insert(t.unsafeGetTensorImpl())) add_tensor(layers()[row].own, kind, t);
        meet(row, kind, t, prefix, entry.name);
      }
    }
  }

  /// A module that has a row: its tensors, and those below it, stand here again.
  void again(nn::Module& m, const std::string& prefix) {
    const std::size_t first = tree_.places.find(&m)->front();
    const std::size_t row = add_row(m, prefix);
    layers()[row].shared_with = first;
    layers()[row].own = layers()[first].own;
    for (const EntryKind kind : {EntryKind::kParameter, EntryKind::kBuffer}) {
      nn::walk_tensors(m, kind, {.paths = false},
                       [&](nn::Module&, const nn::TensorEntry& entry, const Tensor& t, const std::string&) {
                         meet(row, kind, t, prefix, entry.name);
                       });
    }
  }

  /// The tensor stands at the row: counted there, and taken off where the place before and this one come together.
  void meet(std::size_t row, EntryKind kind, const Tensor& t, const std::string& prefix,
            const std::string& name) {
    Place& place = *seen_[kind == EntryKind::kBuffer].emplace(t.unsafeGetTensorImpl()).first;
    LayerSummary& layer = layers()[row];
    if (!place.known) {
      place = {true, row, row, prefix + name};
      add_tensor(layer.total, kind, t);
      add_to_dtype(kind, t);
      return;
    }
    if (layer.shared_with == LayerSummary::kNone) layer.shared_tensors.push_back({name, place.path});
    LayerFigures figures;
    add_tensor(figures, kind, t);
    combine_tensors(layer.total, figures, 1);
    combine_tensors(layers()[common_row(place.last, row)].total, figures, ~std::uint64_t{0});  // minus one
    place.last = row;
  }

  /// The lowest row that is both, or above both.
  std::size_t common_row(std::size_t a, std::size_t b) {
    while (a != b) {
      if (layers()[a].depth < layers()[b].depth) std::swap(a, b);
      a = layers()[a].parent;
    }
    return a;
  }

  /// What are different tensors on one memory.
  void mark_shared_memory(EntryKind kind, const nn::Module& root) {
    const bool buffers = kind == EntryKind::kBuffer;
    std::vector<Tensor> tensors = buffers ? root.buffers() : root.parameters();
    std::erase_if(tensors, [](const Tensor& t) { return t.numel() == 0; });
    for (const nn::StorageGroup& group : nn::group_by_storage(tensors, nn::Grouping::kOverlap)) {
      tree_.summary.bytes_held += static_cast<std::uint64_t>(group.elements * itemsize(group.dtype));
      const auto place_of = [&](const Tensor& t) { return seen_[buffers].find(t.unsafeGetTensorImpl()); };
      const std::string& first = place_of(group.members[0])->path;
      for (const Tensor& t : std::span(group.members).subspan(1)) {
        const Place& place = *place_of(t);
        layers()[place.first].shared_tensors.push_back(
            {place.path.substr(place.path.rfind('.') + 1), first, false});
      }
    }
  }

  void add_to_dtype(EntryKind kind, const Tensor& t) {
    auto& dtypes = tree_.summary.dtypes;
    auto at = std::ranges::find(dtypes, t.dtype(), &ModelSummary::OfDType::dtype);
    if (at == dtypes.end()) at = dtypes.insert(at, {.dtype = t.dtype()});
    const auto elements = static_cast<std::uint64_t>(t.numel());
    (kind == EntryKind::kBuffer ? at->buffers : at->parameters) += elements;
    at->bytes += elements * static_cast<std::uint64_t>(t.itemsize());
  }

  LayerTree tree_;
  std::vector<std::size_t> open_;  // rows from the root to here
  nn::PointerMap<Place> seen_[2];  // parameters, buffers
};

}  // namespace

LayerTree layer_tree(const nn::Module& root) { return TreeBuilder().run(root); }

void add_up_calls(std::vector<LayerSummary>& layers) {
  for (std::size_t i = layers.size(); i-- > 0;) {
    LayerSummary& layer = layers[i];
    layer.total.mult_adds += layer.own.mult_adds;
    layer.total.activation_bytes += layer.own.activation_bytes;
    layer.mult_adds_known = layer.mult_adds_known && layer.own_mult_adds_known;
    if (layer.parent == LayerSummary::kNone) continue;
    LayerSummary& parent = layers[layer.parent];
    parent.total.mult_adds += layer.total.mult_adds;
    parent.total.activation_bytes += layer.total.activation_bytes;
    parent.mult_adds_known = parent.mult_adds_known && layer.mult_adds_known;
  }
}

}  // namespace ballast::detail
