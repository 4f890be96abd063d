#include "ballast/inspect/health.h"

#include <algorithm>

#include "ballast/core/lost_pages.h"
#include "ballast/inspect/element_runs.h"
#include "ballast/inspect/health_rules.h"
#include "ballast/inspect/pieces.h"
#include "ballast/inspect/views.h"

namespace ballast::inspect {
namespace detail {

std::vector<Patient> patients_of(const StateDict& state, ArrayRef<Statistics> statistics) {
  std::vector<Patient> all;
  Views views;
  std::size_t i = 0;
  for (const auto& [name, tensor] : state) {
    const Statistics& s = statistics[i++];
    if (const std::size_t first = views.first(tensor, all.size()); first != all.size()) {
      all[first].tied.push_back(name);
    } else {
      all.push_back({name, {}, tensor, &s});
    }
  }
  return all;
}

}  // namespace detail

using namespace detail;

std::string_view severity_name(Severity severity) noexcept {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  __builtin_unreachable();
}

std::string_view problem_name(Problem problem) noexcept {
  switch (problem) {
    case Problem::kNotFinite:
      return "not-finite";
    case Problem::kAllZero:
      return "all-zero";
    case Problem::kConstant:
      return "constant";
    case Problem::kDeadRows:
      return "dead-rows";
    case Problem::kDeadColumns:
      return "dead-columns";
    case Problem::kExploding:
      return "exploding";
    case Problem::kVanishing:
      return "vanishing";
    case Problem::kDuplicate:
      return "duplicate";
    case Problem::kBrokenTie:
      return "broken-tie";
    case Problem::kVariance:
      return "variance";
    case Problem::kOverflowsFloat16:
      return "overflows-float16";
    case Problem::kOverflowsBFloat16:
      return "overflows-bfloat16";
    case Problem::kVanishesInFloat16:
      return "vanishes-in-float16";
    case Problem::kVanishesInBFloat16:
      return "vanishes-in-bfloat16";
    case Problem::kCounter:
      return "counter";
  }
  __builtin_unreachable();
}

std::vector<Finding> health(const StateDict& state, ArrayRef<Statistics> statistics,
                            const HealthOptions& options) {
  check<ValueError>(statistics.size() == state.size(),
                    "health expected the statistics of {} tensors, but got those of {}", state.size(),
                    statistics.size());
  for (const auto& [name, tensor] : state) check_readable(tensor);
  const LostPageCheck mappings;
  const std::vector<Patient> all = patients_of(state, statistics);
  std::vector<Finding> findings;
  for (const Patient& p : all) {
    examine_values(p, options, findings);
    examine_rows(p, findings);
    examine_scale(p, options, findings);
    examine_types(p, options, findings);
    if (options.release_pages) release_pages(p.tensor, {0, 0, p.tensor.numel()});
  }
  examine_copies(all, options, findings);
  examine_counters(all, options, findings);
  mappings.check();
  state.index();
  std::stable_sort(findings.begin(), findings.end(), [&](const Finding& x, const Finding& y) {
    if (x.severity != y.severity) return x.severity > y.severity;
    return state.position(x.name) < state.position(y.name);
  });
  return findings;
}

std::vector<Finding> health(const StateDict& state, const HealthOptions& options) {
  const std::vector<Statistics> all =
      inspect::statistics(state, {.progress = options.progress, .release_pages = options.release_pages});
  return health(state, all, options);
}

}  // namespace ballast::inspect
