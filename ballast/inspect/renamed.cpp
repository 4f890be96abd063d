#include "ballast/inspect/renamed.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "ballast/inspect/content_hash.h"

namespace ballast::inspect::detail {
namespace {

/// Only tensors of a shape and type that both sides lack are read.
using Kind = std::pair<DType, std::vector<std::int64_t>>;

Kind kind_of(const Tensor& t) { return {t.dtype(), t.sizes().vec()}; }

/// Names of one side that could be renamed, with their contents.
struct Side {
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  std::vector<std::uint64_t> hashes;
};

Side side_of(const StateDict& state, const std::vector<std::string>& names,
             const std::map<Kind, int>& others) {
  Side side;
  for (const std::string& name : names) {
    const Tensor& t = state[name];
    if (!others.contains(kind_of(t))) continue;
    side.names.push_back(name);
    side.tensors.push_back(t);
  }
  side.hashes = content_hashes(side.tensors);
  return side;
}

std::map<Kind, int> kinds_of(const StateDict& state, const std::vector<std::string>& names) {
  std::map<Kind, int> kinds;
  for (const std::string& name : names) ++kinds[kind_of(state[name])];
  return kinds;
}

std::size_t common_end(const std::string& a, const std::string& b) {
  const auto differ = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  return static_cast<std::size_t>(differ.first - a.rbegin());
}

void take_out(std::vector<std::string>& names, std::vector<std::string> gone) {
  std::sort(gone.begin(), gone.end());
  std::erase_if(names, [&](const std::string& n) { return std::binary_search(gone.begin(), gone.end(), n); });
}

}  // namespace

std::vector<Renamed> find_renamed(const StateDict& a, const StateDict& b, std::vector<std::string>& removed,
                                  std::vector<std::string>& added) {
  // Names of equal content, such as many biases of zeros, are compared with each other up to so many.
  constexpr std::size_t kMostCandidates = 256;
  const Side from = side_of(a, removed, kinds_of(b, added));
  const Side to = side_of(b, added, kinds_of(a, removed));
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> free;
  for (std::size_t i = 0; i < to.names.size(); ++i) free[to.hashes[i]].push_back(i);
  std::vector<Renamed> out;
  std::vector<std::string> gone, found;
  for (std::size_t i = 0; i < from.names.size(); ++i) {
    const auto at = free.find(from.hashes[i]);
    if (at == free.end() || at->second.empty()) continue;
    std::vector<std::size_t>& candidates = at->second;
    std::size_t best = 0, alike = 0;
    for (std::size_t k = 0; k < std::min(candidates.size(), kMostCandidates); ++k) {
      const std::size_t end = common_end(from.names[i], to.names[candidates[k]]);
      if (k == 0 || end > alike) {
        best = k;
        alike = end;
      }
    }
    const std::size_t j = candidates[best];
    if (!same_bits(from.tensors[i], to.tensors[j])) continue;
    out.push_back({from.names[i], to.names[j]});
    gone.push_back(from.names[i]);
    found.push_back(to.names[j]);
    candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(best));
  }
  take_out(removed, std::move(gone));
  take_out(added, std::move(found));
  return out;
}

}  // namespace ballast::inspect::detail
