#include "ballast/nn/storage_groups.h"

#include <algorithm>
#include <utility>

#include "ballast/core/shape.h"
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

/// Splits the places on one storage into groups; each is returned with the order of its first member.
void split(std::vector<Place> places, Grouping grouping,
           std::vector<std::pair<std::size_t, StorageGroup>>& out) {
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
    out.emplace_back(places[i].order, std::move(group));
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
  std::vector<std::pair<std::size_t, StorageGroup>> found;
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
