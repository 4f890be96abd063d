// The rules for names that `ballast match` and `ballast convert` take from the command line.
//
//   MatchRules rules{.strip_prefix = "module.", .rename = {*rename_of("encoder.=trunk."), *rename_of("/layer(\\d+)/=block$1")}};
//   StateDict changed = apply(rules, state);
#pragma once

#include <optional>
#include <string>

#include "ballast/core/match/match_rules.h"
#include "ballast/core/state_dict.h"

namespace ballast::tool {

/// FROM=TO: FROM is the beginning of a name, or between slashes a regular expression; the = behind an expression is the one
/// behind its second slash. None if there is no =.
[[nodiscard]] std::optional<Rename> rename_of(const std::string& text);
/// What is wrong with a FROM=TO; empty if nothing is.
[[nodiscard]] std::string rename_problem(const std::string& text);

/// The same tensors in the same order under the names that the rules make. KeyError if two names become one, or one becomes
/// empty; ValueError if the prefix to strip is the beginning of none.
[[nodiscard]] StateDict apply(const MatchRules& rules, const StateDict& state);

/// Appends what `from` holds; KeyError if a name is there already, naming `file`.
void merge(StateDict& into, const StateDict& from, const std::string& file);

}  // namespace ballast::tool
