#include "ballast/nn/tying.h"

#include <ostream>

#include "ballast/nn/pointer_set.h"
#include "ballast/nn/storage_groups.h"
#include "ballast/nn/walk.h"

namespace ballast::nn {

namespace {

struct Listing {
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
};

Listing all_names(const Module& model, EntryKind kind) {
  Listing out;
  walk_tensors(model, kind, {.remove_duplicate = false},
               [&](Module&, const TensorEntry& e, Tensor& t, const std::string& path) {
                 if (t.numel() == 0) return;
                 out.names.push_back(path + e.name);
                 out.tensors.push_back(t);
               });
  return out;
}

std::vector<TiedGroup> tied(const Module& model, EntryKind kind) {
  const Listing all = all_names(model, kind);
  const auto groups = group_by_storage(all.tensors, Grouping::kOverlap);
  PointerMap<std::size_t> group_of;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const Tensor& t : groups[g].members) *group_of.emplace(t.unsafeGetTensorImpl()).first = g;
  }
  std::vector<std::vector<std::string>> names(groups.size());
  for (std::size_t i = 0; i < all.tensors.size(); ++i) {
    names[*group_of.find(all.tensors[i].unsafeGetTensorImpl())].push_back(all.names[i]);
  }
  std::vector<TiedGroup> out;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (names[g].size() < 2) continue;
    const Tensor& first = groups[g].members.front();
    const std::int64_t numel = groups[g].elements;
    out.push_back({.names = std::move(names[g]),
                   .same_tensor = groups[g].members.size() == 1,
                   .shape = first.sizes().vec(),
                   .dtype = first.dtype(),
                   .numel = numel,
                   .bytes = numel * first.itemsize()});
  }
  return out;
}

void add_savings(TyingSavings& sum, const Module& model, EntryKind kind) {
  const Listing all = all_names(model, kind);
  for (const Tensor& t : all.tensors) {
    sum.parameters_listed += t.numel();
    sum.bytes_listed += t.nbytes();
  }
  for (const StorageGroup& g : group_by_storage(all.tensors, Grouping::kOverlap)) {
    sum.parameters_held += g.elements;
    sum.bytes_held += g.elements * itemsize(g.dtype);
  }
}

}  // namespace

std::vector<TiedGroup> tied_parameters(const Module& model) { return tied(model, EntryKind::kParameter); }
std::vector<TiedGroup> tied_buffers(const Module& model) { return tied(model, EntryKind::kBuffer); }

TyingSavings tying_savings(const Module& model, bool buffers) {
  TyingSavings out;
  add_savings(out, model, EntryKind::kParameter);
  if (buffers) add_savings(out, model, EntryKind::kBuffer);
  return out;
}

std::string TiedGroup::repr() const {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += same_tensor ? " = " : " ~ ";
    out += name;
  }
  return out + fmt::format(": {} {}, {} bytes{}", shape_text(shape), dtype_name(dtype), bytes,
                           same_tensor ? "" : " (different tensors on one memory)");
}

std::string TyingSavings::repr() const {
  return fmt::format("{} parameters listed, {} held: tying saves {} parameters, {} bytes", parameters_listed,
                     parameters_held, parameters_saved(), bytes_saved());
}

std::ostream& operator<<(std::ostream& os, const TiedGroup& group) { return os << group.repr(); }
std::ostream& operator<<(std::ostream& os, const TyingSavings& savings) { return os << savings.repr(); }

}  // namespace ballast::nn
