#include "tools/ballast/command_line/name_rules.h"

#include <algorithm>

#include <fmt/format.h>

#include "ballast/core/error.h"
#include "ballast/core/match/name_rules.h"

namespace ballast::tool {

std::optional<Rename> rename_of(const std::string& text) {
  const bool is_expression = text.starts_with('/') && text.find("/=", 1) != std::string::npos;
  const std::size_t equals = is_expression ? text.find("/=", 1) + 1 : text.find('=');
  if (equals == std::string::npos) return std::nullopt;
  return Rename{text.substr(0, equals), text.substr(equals + 1)};
}

std::string rename_problem(const std::string& text) {
  const auto rename = rename_of(text);
  if (!rename) return fmt::format("'{}' has no =, as in encoder.=trunk.", text);
  try {
    static_cast<void>(NameRules({.rename = {*rename}}));
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

StateDict apply(const MatchRules& rules, const StateDict& state) {
  if (rules.keeps_names()) return state;
  const bool stripped = rules.strip_prefix.empty() || state.empty() ||
                        std::ranges::any_of(state.items(), [&](const auto& item) {
                          return item.key().starts_with(rules.strip_prefix);
                        });
  check<ValueError>(stripped, "--strip-prefix {}: no name begins so; the first is '{}'", rules.strip_prefix,
                    state.empty() ? "" : state.begin()->key());
  RenamedStateDict out = renamed(state, rules);
  for (std::size_t i = 0; i < out.names_before.size(); ++i)
    check<KeyError>(!out.dict.items()[i].key().empty(), "'{}' would have no name left", out.names_before[i]);
  return std::move(out.dict);
}

void merge(StateDict& into, const StateDict& from, const std::string& file) {
  into.has_metadata = false;
  into.metadata.clear();
  for (const auto& [name, tensor] : from) {
    check<KeyError>(!into.contains(name), "{}: '{}' is in another of the files too", file, name);
    into.append(name, tensor);
  }
}

}  // namespace ballast::tool
