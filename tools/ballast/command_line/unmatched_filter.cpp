#include "tools/ballast/command_line/unmatched_filter.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "ballast/core/figures.h"
#include "ballast/core/match/glob.h"

namespace ballast::tool {
namespace {

/// Names are compared until this many pairs of characters have been: a mistyped pattern should not cost seconds.
constexpr std::size_t kWork = 20'000'000;
constexpr std::size_t kFar = 3;

/// How long the set is with which `pattern` begins, [a-z_]; 1 if its bracket is never closed.
std::size_t set_size(std::string_view pattern) {
  const auto at = [&](std::size_t i) { return i < pattern.size() ? pattern[i] : '\0'; };
  const auto skip_character = [&](std::size_t i) {
    return at(i) == '\\' && i + 1 < pattern.size() ? i + 2 : i + 1;
  };
  std::size_t i = at(1) == '!' || at(1) == '^' ? 2 : 1;
  for (const std::size_t first = i; i < pattern.size();) {
    // A bracket that comes first is a member.
    if (pattern[i] == ']' && i > first) return i + 1;
    i = skip_character(i);
    if (at(i) == '-' && i + 1 < pattern.size() && at(i + 1) != ']') i = skip_character(i + 1);
  }
  return 1;
}

/// The parts of a pattern that each stand for one character, or for any number of them.
std::vector<std::string_view> items_of(std::string_view pattern) {
  std::vector<std::string_view> items;
  while (!pattern.empty()) {
    const bool escape = pattern.starts_with('\\') && pattern.size() > 1;
    const std::size_t size = escape ? 2 : pattern.starts_with('[') ? set_size(pattern) : 1;
    items.push_back(pattern.substr(0, size));
    pattern.remove_prefix(size);
  }
  return items;
}

std::size_t distance(const std::vector<std::string_view>& items, std::string_view text) {
  std::vector<std::size_t> row(text.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const std::string_view item : items) {
    const bool star = item == "*";
    std::size_t diagonal = row[0];
    if (!star) ++row[0];
    for (std::size_t j = 1; j <= text.size(); ++j) {
      const std::size_t above = row[j];
      if (star) {
        row[j] = std::min(above, row[j - 1]);
      } else {
        const bool same = item.size() == 1 && item != "?" ? item[0] == text[j - 1]
                                                          : glob_matches(item, text.substr(j - 1, 1));
        row[j] = std::min({diagonal + (same ? 0 : 1), above + 1, row[j - 1] + 1});
      }
      diagonal = above;
    }
  }
  return row.back();
}

std::string_view without_outer_stars(std::string_view pattern) {
  while (pattern.starts_with('*')) pattern.remove_prefix(1);
  while (pattern.ends_with('*')) pattern.remove_suffix(1);
  return pattern;
}

}  // namespace

std::size_t glob_distance(std::string_view pattern, std::string_view text) {
  return distance(items_of(pattern), text);
}

std::string unmatched_filter(std::string_view pattern, const std::vector<std::string_view>& names) {
  const std::vector<std::string_view> items = items_of(pattern);
  const auto literals = static_cast<std::size_t>(std::ranges::count_if(
      items, [](std::string_view item) { return item != "*" && item != "?" && item != "."; }));
  if (literals == 0) return {};
  const std::string_view inner = without_outer_stars(pattern);
  const std::string anywhere = fmt::format("*{}*", inner);
  const auto matches = [&](std::string_view name) { return glob_matches(anywhere, name); };
  if (const auto first = std::ranges::find_if(names, matches); first != names.end()) {
    const auto n = static_cast<std::size_t>(std::count_if(first, names.end(), matches));
    return fmt::format("{} matches {}, such as {}: a filter has to match the whole name", anywhere,
                       n == 1 ? "one name" : with_commas(n) + " names", *first);
  }
  std::size_t least = std::min(kFar, (literals + 1) / 2), work = 0;
  std::string_view best;
  for (const std::string_view name : names) {
    work += (items.size() + 1) * (name.size() + 1);
    if (work > kWork) break;
    if (const std::size_t n = distance(items, name); n < least) {
      least = n;
      best = name;
    }
  }
  return best.empty() ? "" : fmt::format("the nearest name is {}", best);
}

std::string unmatched_filter_hint(std::string_view pattern, const std::vector<std::string_view>& names) {
  const std::string near = unmatched_filter(pattern, names);
  return near.empty() ? near : "; " + near;
}

}  // namespace ballast::tool
