// What a load into a module has to report: its names and those of the dictionary, matched. For load_state_dict.cpp.
#pragma once

#include <string>
#include <vector>

#include "ballast/core/match/match_report.h"
#include "ballast/core/match/name_rules.h"
#include "ballast/nn/load_state_dict.h"
#include "ballast/nn/module.h"

namespace ballast::nn {

/// The dictionary as a load sees it.
struct LoadView {
  const StateDict& given;  ///< under the names that the rules give
  const StateDict& state;  ///< the same after hooks and modules have changed it
  const RenamedStateDict*
      renamed;  ///< what rules made of it before the hooks came; null if they change no names
  const MatchRules& rules;
  std::vector<std::string> errors;  ///< that are not about shapes and types
};

[[nodiscard]] MatchReport report_of(const Module& root, LoadView view);

/// Takes from the report's missing and unexpected names those that `keys` does not have: hooks may have forgiven some, and as in
/// PyTorch names below a child that is registered but absent are no surprise. What is left has the order of `keys`.
void keep_only(MatchReport& report, const IncompatibleKeys& keys);

}  // namespace ballast::nn
