#include "ballast/nn/storage_groups.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "ballast/core/shape.h"
#include "ballast/nn/element_runs.h"
#include "ballast/nn/pointer_set.h"

namespace ballast::nn {

namespace {

struct Place {
  const Tensor* tensor;
  std::size_t order;
  std::int64_t begin, end;
};

Place place_of(const Tensor& t, std::size_t order) {
  const std::int64_t begin = t.storage_offset();
  const std::int64_t end = storage_extent(t.sizes(), t.strides(), begin).value_or(begin);
  return {&t, order, begin, std::max(begin, end)};
}

using Ordered =
    std::vector<std::pair<std::size_t, StorageGroup>>;  // groups by the order of their first members

/// For each view, the first one that it shares elements with, directly or through others; sorts the runs.
std::vector<std::size_t> first_sharing(std::vector<ElementRun>& runs, std::size_t views) {
  std::vector<std::size_t> parent(views);
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&parent](std::size_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  std::ranges::sort(runs, {}, &ElementRun::begin);
  const ElementRun* furthest = nullptr;  // whoever else shows the element at hand shares it with this one
  for (const ElementRun& run : runs) {
    if (furthest != nullptr && run.begin < furthest->end) {
      const std::size_t a = root(run.view);
      const std::size_t b = root(furthest->view);
      parent[std::max(a, b)] = std::min(a, b);
    }
    if (furthest == nullptr || run.end > furthest->end) furthest = &run;
  }
  for (std::size_t v = 0; v < views; ++v) parent[v] = root(v);
  return parent;
}

/// Places whose ranges overlap need not share elements: columns side by side do not.
void split_by_elements(std::span<const Place> places, StorageGroup coarse, Ordered& out) {
  constexpr std::size_t kMostRuns = std::size_t{1} << 20;
  std::vector<ElementRun> runs;
  bool known = true;
  for (std::size_t v = 0; v < places.size() && known; ++v) {
    known = append_runs(*places[v].tensor, v, kMostRuns - runs.size(), runs);
  }
  if (!known) {  // too many pieces to look at: one group, and the most it can show
    for (const Tensor& t : coarse.members) coarse.elements += t.numel();
    coarse.elements = std::min(coarse.elements, coarse.numel());
    out.emplace_back(places.front().order, std::move(coarse));
    return;
  }
  const std::vector<std::size_t> leader = first_sharing(runs, places.size());
  struct Piece {
    StorageGroup group;
    std::vector<ElementRun> runs = {};
  };
  std::vector<Piece> pieces(places.size());  // at its leader
  for (const ElementRun& run : runs) pieces[leader[run.view]].runs.push_back(run);
  for (std::size_t v = 0; v < places.size(); ++v) {
    StorageGroup& group = pieces[leader[v]].group;
    if (leader[v] == v) {
      group = {
          .storage = coarse.storage, .dtype = coarse.dtype, .begin = places[v].begin, .end = places[v].end};
    }
    group.begin = std::min(group.begin, places[v].begin);
    group.end = std::max(group.end, places[v].end);
    group.members.push_back(*places[v].tensor);
  }
  for (std::size_t v = 0; v < places.size(); ++v) {
    if (leader[v] != v) continue;
    pieces[v].group.elements = count_elements(pieces[v].runs);
    out.emplace_back(places[v].order, std::move(pieces[v].group));
  }
}

/// Splits the places on one storage into groups; each is returned with the order of its first member.
void split(std::vector<Place> places, Grouping grouping, Ordered& out) {
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    return std::tuple(a.tensor->dtype(), a.begin, a.order) < std::tuple(b.tensor->dtype(), b.begin, b.order);
  });
  for (std::size_t i = 0; i < places.size();) {
    const Tensor& first = *places[i].tensor;
    StorageGroup group{
        .storage = first.storage(), .dtype = first.dtype(), .begin = places[i].begin, .end = places[i].end};
    std::size_t j = i + 1;
    while (j < places.size() && places[j].tensor->dtype() == group.dtype &&
           (grouping == Grouping::kStorage || places[j].begin < group.end)) {
      group.end = std::max(group.end, places[j++].end);
    }
    std::ranges::sort(places.begin() + static_cast<std::ptrdiff_t>(i),
                      places.begin() + static_cast<std::ptrdiff_t>(j), {}, &Place::order);
    for (std::size_t k = i; k < j; ++k) group.members.push_back(*places[k].tensor);
    if (grouping == Grouping::kOverlap) {
      split_by_elements(std::span(places).subspan(i, j - i), std::move(group), out);
    } else {
      out.emplace_back(places[i].order, std::move(group));
    }
    i = j;
  }
}

}  // namespace

std::vector<StorageGroup> group_by_storage(std::span<const Tensor> tensors, Grouping grouping) {
  PointerSet seen;
  PointerMap<std::vector<Place>> storages;
  std::vector<const void*> ids;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (!t.defined() || !seen.insert(t.unsafeGetTensorImpl())) continue;
    const auto [places, fresh] = storages.emplace(t.storage().id());
    if (fresh) ids.push_back(t.storage().id());
    places->push_back(place_of(t, i));
  }
  Ordered found;
  found.reserve(ids.size());
  for (const void* id : ids) split(std::move(*storages.find(id)), grouping, found);
  std::ranges::sort(found, {}, &std::pair<std::size_t, StorageGroup>::first);
  std::vector<StorageGroup> out;
  out.reserve(found.size());
  for (auto& [order, group] : found) out.push_back(std::move(group));
  return out;
}

Tensor range_of(const StorageGroup& group) {
  return tensor_on(group.storage, group.dtype, {group.numel()}, {1}, group.begin);
}

Tensor view_in(const Tensor& range_copy, const StorageGroup& group, const Tensor& member) {
  return tensor_on(range_copy.storage(), range_copy.dtype(), member.sizes(), member.strides(),
                   member.storage_offset() - group.begin);
}

}  // namespace ballast::nn
