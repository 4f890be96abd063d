#include "ballast/core/match/name_rules.h"

#include <unordered_map>
#include <utility>

#include "ballast/core/error.h"
#include "ballast/core/match/glob.h"
#include "ballast/core/printable.h"

namespace ballast {
namespace {

// Replacements may double a name again and again.
constexpr std::size_t kLongestResult = std::size_t{1} << 20;

/// The expression between the slashes, if there are any.
std::optional<std::string_view> expression_of(std::string_view from) {
  const bool slashes = from.size() >= 2 && from.front() == '/' && from.back() == '/';
  return slashes ? std::optional(from.substr(1, from.size() - 2)) : std::nullopt;
}

}  // namespace

NameRules::NameRules(const MatchRules& rules)
    : filter_(rules.filter), strip_(rules.strip_prefix), add_(rules.add_prefix) {
  for (const Rename& rename : rules.rename) {
    Change change{rename, std::nullopt};
    if (const auto expression = expression_of(rename.from)) {
      change.pattern.emplace(*expression);
      change.pattern->check_replacement(rename.to);
    }
    changes_.push_back(std::move(change));
  }
}

std::string NameRules::changed(std::string_view name) const {
  if (!strip_.empty() && name.starts_with(strip_)) name.remove_prefix(strip_.size());
  std::string out = add_;
  out += name;
  for (const Change& c : changes_) {
    if (c.pattern) {
      out = c.pattern->replace(out, c.rename.to);
    } else if (out.starts_with(c.rename.from)) {
      out.replace(0, c.rename.from.size(), c.rename.to);
    }
    check<LimitError>(out.size() <= kLongestResult, "the rules make a name longer than {} bytes",
                      kLongestResult);
  }
  return out;
}

std::optional<std::string> NameRules::apply(std::string_view name) const {
  if (filter_ && !glob_matches(*filter_, name)) return std::nullopt;
  return changed(name);
}

std::string NameRules::apply_to_path(std::string_view path) const {
  std::string out = changed(path.empty() ? std::string() : std::string(path) + '.');
  if (out.ends_with('.')) out.pop_back();
  return out;
}

RenamedStateDict renamed(const StateDict& dict, const MatchRules& rules) {
  const NameRules names(rules);
  RenamedStateDict out;
  out.dict.reserve(dict.size());
  for (const auto& item : dict.items()) {
    std::optional<std::string> name = names.apply(item.key());
    if (!name) {
      out.left_out.push_back(item.key());
      continue;
    }
    if (const std::size_t at = out.dict.position(*name); at != StateDict::kNone) {
      throw KeyError(fmt::format("the rules give '{}' and '{}' one name, '{}'",
                                 printable_text(out.names_before[at]), printable_text(item.key()),
                                 printable_text(*name)));
    }
    out.dict.append(*std::move(name), item.value());
    out.names_before.push_back(item.key());
  }
  out.dict.has_metadata = dict.has_metadata;
  std::unordered_map<std::string, std::size_t> at;
  for (const StateDict::ModuleMetadata& m : dict.metadata) {
    std::string path = names.apply_to_path(m.path);
    // Of two paths that become one, the inner one is meant: "module" rather than "" where "module." goes.
    const auto [place, is_new] = at.try_emplace(path, out.dict.metadata.size());
    if (is_new) {
      out.dict.metadata.push_back({std::move(path), m.version});
    } else {
      out.dict.metadata[place->second].version = m.version;
    }
  }
  return out;
}

}  // namespace ballast
