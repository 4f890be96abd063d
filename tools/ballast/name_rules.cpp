#include "tools/ballast/name_rules.h"

#include <algorithm>
#include <unordered_map>

#include "tools/ballast/terminal_text.h"
#include <fmt/format.h>

#include "ballast/core/error.h"

namespace ballast::tool {
namespace {

constexpr std::size_t kLongestName =
    2000;  // of those that regular expressions are tried on: std::regex recurses

std::string renamed(const NameRules& rules, std::string name) {
  if (!rules.strip_prefix.empty() && name.starts_with(rules.strip_prefix))
    name.erase(0, rules.strip_prefix.size());
  for (const RenameRule& rule : rules.renames) name = rule.from.replace(name, rule.to);
  return rules.add_prefix + name;
}

/// The path of a module under the prefixes; nullopt if it is none of what is left.
std::optional<std::string> renamed_path(const NameRules& rules, const std::string& path) {
  const auto without_dot = [](std::string text) {
    if (text.ends_with('.')) text.pop_back();
    return text;
  };
  std::string dotted = path.empty() ? "" : path + ".";
  if (!rules.strip_prefix.empty()) {
    if (!dotted.starts_with(rules.strip_prefix)) return std::nullopt;
    dotted.erase(0, rules.strip_prefix.size());
  }
  return without_dot(rules.add_prefix + dotted);
}

}  // namespace

RenameRule rename_rule(const std::string& text) {
  const std::size_t at = text.rfind('=');
  check<ValueError>(at != std::string::npos && at > 0, "--rename {}: it should be FROM=TO", text);
  std::string to = text.substr(at + 1);
  for (std::size_t i = 0; i + 1 < to.size(); ++i) {
    if (to[i] == '\\' && to[i + 1] >= '0' && to[i + 1] <= '9') to[i] = '$';
  }
  try {
    NamePattern from(std::string_view(text).substr(0, at));
    from.check_replacement(to);
    return {text, std::move(from), std::move(to)};
  } catch (const ValueError& e) {
    throw ValueError(fmt::format("--rename {}: {}", text, e.what()));
  }
}

StateDict apply(const NameRules& rules, const StateDict& state) {
  if (rules.empty()) return state;
  StateDict out;
  out.reserve(state.size());
  std::unordered_map<std::string, std::string> from;  // new names, to the old ones
  bool stripped = rules.strip_prefix.empty() || state.empty();
  for (const auto& [name, tensor] : state) {
    stripped = stripped || name.starts_with(rules.strip_prefix);
    std::string to = renamed(rules, name);
    check<KeyError>(!to.empty(), "'{}' would have no name left", name);
    const auto [it, first] = from.try_emplace(to, name);
    check<KeyError>(first, "'{}' and '{}' would both be called '{}'", it->second, name, to);
    out.append(std::move(to), tensor);
  }
  check<ValueError>(stripped, "--strip-prefix {}: no name begins so; the first is '{}'", rules.strip_prefix,
                    state.empty() ? "" : state.begin()->key());
  out.has_metadata = state.has_metadata && rules.renames.empty();
  if (!out.has_metadata) return out;
  for (const StateDict::ModuleMetadata& m : state.metadata) {
    if (auto path = renamed_path(rules, m.path)) out.metadata.push_back({*std::move(path), m.version});
  }
  return out;
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
