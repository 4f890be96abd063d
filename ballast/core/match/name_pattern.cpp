#include "ballast/core/match/name_pattern.h"

#include <algorithm>

#include <re2/re2.h>

#include "ballast/core/error.h"

namespace ballast {
namespace {

constexpr std::int64_t kMostMemory = std::int64_t{1} << 20;  // of a program

bool is_digit(char c) { return c >= '0' && c <= '9'; }

RE2::Options options() {
  RE2::Options o;
  o.set_encoding(RE2::Options::EncodingLatin1);  // bytes
  o.set_log_errors(false);
  o.set_max_mem(kMostMemory);
  return o;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class NamePattern::Program {
 public:
  explicit Program(std::string_view pattern) : expression(piece(pattern), options()) {}
  RE2 expression;
};

NamePattern::NamePattern(std::string_view pattern) : program_(std::make_shared<const Program>(pattern)) {
  const RE2& e = program_->expression;
  if (e.error_code() == RE2::ErrorPatternTooLarge || e.error_code() == RE2::ErrorRepeatSize)
    throw LimitError(fmt::format("the regular expression '{}' is too large: {}", pattern, e.error()));
  if (!e.ok()) throw ValueError(fmt::format("'{}' is no regular expression: {}", pattern, e.error()));
  groups_ = static_cast<std::size_t>(e.NumberOfCapturingGroups());
  check<LimitError>(groups_ <= kMostGroups,
                    "the regular expression '{}' has {} groups, at most {} have numbers", pattern, groups_,
                    kMostGroups);
}

std::optional<NamePattern::Spans> NamePattern::find(std::string_view name, std::size_t from) const {
  std::array<re2::StringPiece, kMostGroups + 1> found;
  const int wanted = static_cast<int>(groups_) + 1;
  if (!program_->expression.Match(piece(name), from, name.size(), RE2::UNANCHORED, found.data(), wanted))
    return std::nullopt;
  Spans spans;
  spans.fill(-1);
  for (std::size_t g = 0; g <= groups_; ++g) {
    if (found[g].data() == nullptr) continue;
    spans[2 * g] = found[g].data() - name.data();
    spans[2 * g + 1] = spans[2 * g] + static_cast<std::int64_t>(found[g].size());
  }
  return spans;
}

std::string NamePattern::replace(std::string_view name, std::string_view to) const {
  std::string out;
  std::size_t done = 0;
  for (std::size_t from = 0; from <= name.size();) {
    const std::optional<Spans> match = find(name, from);
    if (!match) break;
    const auto begin = static_cast<std::size_t>((*match)[0]);
    const auto end = static_cast<std::size_t>((*match)[1]);
    out += name.substr(done, begin - done);
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (to[i] != '$' || i + 1 == to.size()) {
        out += to[i];
        continue;
      }
      const char c = to[++i];
      if (!is_digit(c)) {
        out += c;
        continue;
      }
      const auto group = static_cast<std::size_t>(c - '0');
      const std::int64_t first = (*match)[2 * group];
      const std::int64_t last = (*match)[2 * group + 1];
      if (first >= 0 && last >= first)
        out += name.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
    }
    done = end;
    // Behind an empty match the next byte is kept, so that the search moves on.
    if (end == begin) {
      if (end < name.size()) out += name[end];
      done = std::min(end + 1, name.size());
      from = end + 1;
    } else {
      from = end;
    }
  }
  out += name.substr(done);
  return out;
}

void NamePattern::check_replacement(std::string_view to) const {
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] != '$') continue;
    const char c = i + 1 < to.size() ? to[++i] : ' ';
    if (c == '$') continue;
    check<ValueError>(is_digit(c), "in '{}' a $ stands before no number; write $$ for a dollar", to);
    check<ValueError>(static_cast<std::size_t>(c - '0') <= groups_,
                      "'{}' asks for group {} of a pattern that has {}", to, c, groups_);
  }
}

}  // namespace ballast
