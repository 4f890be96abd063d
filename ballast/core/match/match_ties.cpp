#include "ballast/core/match/match_ties.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "ballast/core/tensor.h"

namespace ballast {
namespace {

constexpr std::size_t kAlone = NamedShape::kAlone;

/// Groups of two or more positions with one number, in the order of their first.
std::vector<std::vector<std::size_t>> groups_of(const std::vector<std::size_t>& ties) {
  std::unordered_map<std::size_t, std::size_t> group_of;
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < ties.size(); ++i) {
    if (ties[i] == kAlone) continue;
    const auto [at, is_new] = group_of.try_emplace(ties[i], groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(i);
  }
  std::erase_if(groups, [](const auto& g) { return g.size() < 2; });
  return groups;
}

}  // namespace

bool proven_different(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return true;
  if (a.is_meta() || b.is_meta() || a.numel() == 0) return false;
  const auto repeats = [](const Tensor& t) {
    return static_cast<std::uint64_t>(t.numel()) >
           t.storage().nbytes() / static_cast<std::uint64_t>(t.itemsize());
  };
  if (repeats(a) || repeats(b)) return false;  // spelt out, it could be larger than memory
  const auto in_order = [](const Tensor& t) {
    if (t.is_contiguous()) return t;
    Tensor out = empty(t.sizes(), TensorOptions(t.dtype()).device(kCPU));
    copy_elements(out, t);
    return out;
  };
  const Tensor x = in_order(a), y = in_order(b);
  return std::memcmp(x.data_ptr(), y.data_ptr(), static_cast<std::size_t>(x.nbytes())) != 0;
}

std::vector<MatchTie> find_ties(const NamedShapes& file, const NamedShapes& model, const Given& given) {
  std::vector<MatchTie> out;
  std::vector<std::size_t> ties;
  ties.reserve(model.size());
  for (const NamedShape& m : model) ties.push_back(m.tie);
  for (const std::vector<std::size_t>& group : groups_of(ties)) {
    MatchTie tie{MatchTie::Kind::kInBoth, {}};
    std::vector<std::size_t> values;
    for (const std::size_t m : group) {
      tie.names.push_back(model[m].name);
      if (given[m] == kAlone) continue;
      values.push_back(given[m]);
      tie.stays = model[m].name;
    }
    if (values.empty()) continue;
    if (values.size() < group.size()) tie.kind = MatchTie::Kind::kGivenOnce;
    for (const std::size_t v : values) {
      const NamedShape &a = file[values.front()], &b = file[v];
      if (v == values.front() || (a.tie != kAlone && a.tie == b.tie)) continue;
      if (tie.kind == MatchTie::Kind::kInBoth) tie.kind = MatchTie::Kind::kInModel;
      if (a.value.defined() && b.value.defined() && proven_different(a.value, b.value)) tie.differs = true;
    }
    if (tie.kind != MatchTie::Kind::kInModel && !tie.differs) tie.stays.clear();
    out.push_back(std::move(tie));
  }
  // What the file ties and the model does not: the ties of the file among the names of the model that they go to.
  std::vector<std::size_t> given_ties(model.size(), kAlone);
  for (std::size_t m = 0; m < model.size(); ++m) {
    if (given[m] != kAlone) given_ties[m] = file[given[m]].tie;
  }
  for (const std::vector<std::size_t>& group : groups_of(given_ties)) {
    const std::size_t first = model[group.front()].tie;
    const bool kept =
        first != kAlone && std::ranges::all_of(group, [&](std::size_t m) { return model[m].tie == first; });
    if (kept) continue;
    MatchTie tie{MatchTie::Kind::kInFile, {}};
    for (const std::size_t m : group) tie.names.push_back(model[m].name);
    out.push_back(std::move(tie));
  }
  return out;
}

}  // namespace ballast
