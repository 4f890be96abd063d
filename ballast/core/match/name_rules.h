// The rules for names (match_rules.h), carried out.
//
//   const NameRules rules({.strip_prefix = "module."});
//   rules.apply("module.conv1.weight")                      "conv1.weight"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/match/match_rules.h"
#include "ballast/core/match/name_pattern.h"
#include "ballast/core/state_dict.h"

namespace ballast {

/// The rules for names, ready to be applied many times.
class NameRules {
 public:
  /// ValueError for an expression that is none, or a replacement that asks for a group there is not.
  explicit NameRules(const MatchRules& rules);

  /// What a name of the checkpoint becomes; nullopt if the filter leaves it out. LimitError for a name that is too long for
  /// a regular expression, or that rules make longer than a mebibyte.
  [[nodiscard]] std::optional<std::string> apply(std::string_view name) const;
  /// The same without the filter, for the path of a module ("encoder", "" for the root).
  [[nodiscard]] std::string apply_to_path(std::string_view path) const;

 private:
  struct Change {
    Rename rename;
    std::optional<NamePattern> pattern;
  };
  [[nodiscard]] std::string changed(std::string_view name) const;

  std::optional<std::string> filter_;
  std::string strip_, add_;
  std::vector<Change> changes_;
};

/// A dictionary under the names that the rules give, and what the names were.
struct RenamedStateDict {
  StateDict dict;
  std::vector<std::string> names_before;  ///< by position in `dict`
  std::vector<std::string> left_out;      ///< by the filter
};
/// KeyError if two entries get one name. The paths of `metadata` are changed as the names are.
[[nodiscard]] RenamedStateDict renamed(const StateDict& dict, const MatchRules& rules);

}  // namespace ballast
