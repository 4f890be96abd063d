#include "ballast/core/match/glob.h"

#include <cstddef>
#include <optional>

#include "ballast/core/utf8.h"

namespace ballast {
namespace {

/// A set such as [a-z_] at the front of `pattern`: whether `c` is in it, with `pattern` moved behind it; nullopt if the
/// bracket is never closed.
std::optional<bool> take_set(std::string_view& pattern, char32_t c) {
  std::string_view rest = pattern.substr(1);
  const bool negated = rest.starts_with('!') || rest.starts_with('^');
  if (negated) rest.remove_prefix(1);
  bool found = false;
  for (bool first = true; !rest.empty(); first = false) {
    // A bracket that comes first is a member.
    if (rest.starts_with(']') && !first) {
      pattern = rest.substr(1);
      return found != negated;
    }
    if (rest.starts_with('\\') && rest.size() > 1) rest.remove_prefix(1);
    const char32_t low = take_character(rest);
    char32_t high = low;
    if (rest.size() >= 2 && rest[0] == '-' && rest[1] != ']') {
      rest.remove_prefix(1);
      if (rest.starts_with('\\') && rest.size() > 1) rest.remove_prefix(1);
      high = take_character(rest);
    }
    found = found || (low <= c && c <= high);
  }
  return std::nullopt;
}

/// Matches one item of `pattern` that is no star with one character of `text`, and moves both on.
bool take_one(std::string_view& pattern, std::string_view& text) {
  const char32_t c = take_character(text);
  if (pattern.front() == '?') {
    pattern.remove_prefix(1);
    return true;
  }
  if (pattern.front() == '[') {
    if (const std::optional<bool> found = take_set(pattern, c)) return *found;
  }
  if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  return take_character(pattern) == c;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  // Where to go on if what follows the latest star does not fit: one character further. Earlier stars need no second try.
  std::optional<std::string_view> star_pattern;
  std::string_view star_text;
  while (!text.empty() || !pattern.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_text = text;
      continue;
    }
    if (!pattern.empty() && !text.empty() && take_one(pattern, text)) continue;
    if (!star_pattern || star_text.empty()) return false;
    static_cast<void>(take_character(star_text));
    pattern = *star_pattern;
    text = star_text;
  }
  return true;
}

}  // namespace ballast
