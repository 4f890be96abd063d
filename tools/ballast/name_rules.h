// What `ballast convert` does to the names of a state dict, and which of its tensors it takes.
//
//   NameRules rules{.strip_prefix = "module.", .renames = {rename_rule("^encoder\\.=backbone.")}};
//   StateDict renamed = apply(rules, state);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ballast/core/name_pattern.h"
#include "ballast/core/state_dict.h"

namespace ballast::tool {

struct RenameRule {
  std::string text;  ///< as it was given
  NamePattern from;
  std::string to;
};

/// "FROM=TO": a regular expression (name_pattern.h), every match of which becomes TO, in which \1 or $1 stands for the first
/// group. The last = separates the two. ValueError if it is no rule.
[[nodiscard]] RenameRule rename_rule(const std::string& text);

struct NameRules {
  std::string strip_prefix = {};  ///< of the names that have it
  std::vector<RenameRule> renames = {};
  std::string add_prefix = {};

  [[nodiscard]] bool empty() const { return strip_prefix.empty() && renames.empty() && add_prefix.empty(); }
};

/// The same tensors in the same order under the names that the rules make, one rule after the other. The versions of modules
/// (`_metadata`) follow the prefixes, and go where names are rewritten otherwise. KeyError if two names become one, or one
/// becomes empty; ValueError if a prefix is the beginning of none.
[[nodiscard]] StateDict apply(const NameRules& rules, const StateDict& state);

/// Appends what `from` holds; KeyError if a name is there already, naming `file`.
void merge(StateDict& into, const StateDict& from, const std::string& file);

}  // namespace ballast::tool
