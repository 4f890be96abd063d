// Tensors that are stored twice: duplicates, and ties that a save has broken.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "ballast/inspect/compare.h"
#include "ballast/inspect/content_hash.h"
#include "ballast/inspect/health_rules.h"
#include "ballast/inspect/tensor_names.h"

namespace ballast::inspect::detail {
namespace {

using Places = std::vector<std::size_t>;  // among the patients

/// What tensors of the same bits have in common, without reading them again.
auto print_of(const Patient& p) {
  const Statistics& s = *p.statistics;
  return std::tuple(p.tensor.dtype(), p.tensor.sizes().vec(), s.finite == 0 ? 0 : s.min,
                    s.finite == 0 ? 0 : s.max, s.zeros, s.negatives, s.nans);
}

/// Groups of patients whose tensors have the same bits; constant and small tensors are in none.
std::vector<Places> copies_among(const std::vector<Patient>& all, const HealthOptions& options) {
  std::map<decltype(print_of(all[0])), Places> alike;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Statistics& s = *all[i].statistics;
    if (all[i].tensor.numel() < options.duplicate_elements || s.finite == 0 || s.min == s.max) continue;
    alike[print_of(all[i])].push_back(i);
  }
  std::vector<Places> groups;
  for (const auto& [print, places] : alike) {
    if (places.size() < 2) continue;
    std::vector<Tensor> tensors;
    for (const std::size_t i : places) tensors.push_back(all[i].tensor);
    const std::vector<std::uint64_t> hashes = content_hashes(tensors);
    std::map<std::uint64_t, Places> same;
    for (std::size_t k = 0; k < places.size(); ++k) {
      Places& group = same[hashes[k]];
      if (group.empty() || same_bits(all[group.front()].tensor, tensors[k])) group.push_back(places[k]);
    }
    for (auto& [hash, group] : same) {
      if (group.size() > 1) groups.push_back(std::move(group));
    }
  }
  return groups;
}

std::vector<std::string> names_of(const Patient& p) {
  std::vector<std::string> names{p.name};
  names.insert(names.end(), p.tied.begin(), p.tied.end());
  return names;
}

template <class Test>
bool any_name(const Patient& p, const Test& test) {
  return test(p.name) || std::any_of(p.tied.begin(), p.tied.end(), test);
}

/// Pairs of names that models tie, of tensors that are not: (input, output).
std::vector<std::pair<std::size_t, std::size_t>> usual_ties(const std::vector<Patient>& all) {
  Places inputs, outputs;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].tensor.dim() != 2 || !all[i].tensor.is_floating_point()) continue;
    if (any_name(all[i], is_tied_input_name)) inputs.push_back(i);
    if (any_name(all[i], is_tied_output_name)) outputs.push_back(i);
  }
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const std::size_t in : inputs) {
    for (const std::size_t out : outputs) {
      const Tensor &x = all[in].tensor, &y = all[out].tensor;
      if (in != out && x.sizes() == y.sizes() && x.dtype() == y.dtype()) pairs.emplace_back(in, out);
    }
  }
  return pairs;
}

}  // namespace

void examine_copies(const std::vector<Patient>& all, const HealthOptions& options,
                    std::vector<Finding>& findings) {
  // What training apart leaves of a tie: so small a difference, which no two initialisations have.
  constexpr double kNear = 0.3;
  std::set<std::size_t> explained;
  for (const auto& [in, out] : usual_ties(all)) {
    const Statistics &x = *all[in].statistics, &y = *all[out].statistics;
    if (x.finite == 0 || x.min == x.max || y.finite == 0 || y.min == y.max) continue;
    const Difference d = compare(all[in].tensor, all[out].tensor, {.equal_nan = true});
    if (d.relative > kNear || d.not_finite > 0) continue;
    Finding f{d.changed == 0 ? Severity::kNote : Severity::kWarning,
              Problem::kBrokenTie,
              all[in].name,
              names_of(all[out]),
              {},
              d.relative};
    if (d.changed == 0) {
      f.reason = fmt::format(
          "the same {} values are stored again as {}: names that are usually tied, and will be trained apart",
          d.count, all[out].name);
      explained.insert(out);
    } else {
      f.reason = fmt::format(
          "{} differs by {:.2g} of its size: the two are usually tied, and seem to have been trained apart",
          all[out].name, d.relative);
    }
    findings.push_back(std::move(f));
  }
  for (Places& group : copies_among(all, options)) {
    std::erase_if(group, [&](std::size_t i) { return explained.contains(i); });
    if (group.size() < 2) continue;
    const Patient& first = all[group.front()];
    Finding f{Severity::kWarning, Problem::kDuplicate, first.name, first.tied, {}, 0};
    for (auto i = group.begin() + 1; i != group.end(); ++i) {
      for (std::string& name : names_of(all[*i])) f.others.push_back(std::move(name));
    }
    f.number = static_cast<double>(first.tensor.numel());
    f.reason = fmt::format("the same {} values are stored {} times and are not tied", first.tensor.numel(),
                           group.size());
    findings.push_back(std::move(f));
  }
}

}  // namespace ballast::inspect::detail
