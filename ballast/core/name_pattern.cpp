#include "ballast/core/name_pattern.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "ballast/core/error.h"

namespace ballast {
namespace {

constexpr int kDeepest = 200;  // groups inside groups

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t byte_of(char c) { return static_cast<unsigned char>(c); }

std::bitset<256> range_of(char low, char high) {
  std::bitset<256> set;
  for (std::size_t b = byte_of(low); b <= byte_of(high); ++b) set.set(b);
  return set;
}

std::bitset<256> one_of(std::string_view bytes) {
  std::bitset<256> set;
  for (const char c : bytes) set.set(byte_of(c));
  return set;
}

/// What \d, \w, \s and their opposites stand for.
std::optional<std::bitset<256>> class_of(char letter) {
  switch (letter) {
    case 'd':
      return range_of('0', '9');
    case 'D':
      return ~range_of('0', '9');
    case 'w':
      return range_of('0', '9') | range_of('a', 'z') | range_of('A', 'Z') | one_of("_");
    case 'W':
      return ~(range_of('0', '9') | range_of('a', 'z') | range_of('A', 'Z') | one_of("_"));
    case 's':
      return one_of(" \t\n\v\f\r");
    case 'S':
      return ~one_of(" \t\n\v\f\r");
    default:
      return std::nullopt;
  }
}

}  // namespace

/// Turns a pattern into steps, by recursive descent. A piece of program knows only distances, so that it can be put anywhere
/// and repeated.
class NamePatternParser {
 public:
  NamePatternParser(std::string_view pattern, NamePattern& out) : pattern_(pattern), out_(out) {}

  void run() {
    Piece all = alternatives(0);
    if (at_ < pattern_.size()) fail("this bracket was never opened");
    append(out_.program_, {mark(0)});
    append(out_.program_, all);
    append(out_.program_, {mark(1), {Kind::kMatch}});
  }

 private:
  using Step = NamePattern::Step;
  using Kind = Step::Kind;
  using Piece = std::vector<Step>;

  static Step mark(std::size_t n) { return {Kind::kMark, static_cast<std::int32_t>(n)}; }

  [[noreturn]] void fail(std::string_view what) const {
    throw ValueError(fmt::format("'{}' is no regular expression: {} (at position {})", pattern_, what, at_));
  }

  [[nodiscard]] bool next_is(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }

  void append(Piece& to, const Piece& piece) const {
    check<LimitError>(to.size() + piece.size() <= NamePattern::kLongestProgram,
                      "the regular expression '{}' has more than {} steps", pattern_,
                      NamePattern::kLongestProgram);
    to.insert(to.end(), piece.begin(), piece.end());
  }

  Piece alternatives(int depth) {
    check<LimitError>(depth <= kDeepest, "the regular expression has groups inside groups, {} deep", depth);
    Piece all = sequence(depth);
    while (take('|')) {
      const Piece second = sequence(depth);
      Piece both{{Kind::kFork, 1, length(all) + 2}};
      append(both, all);
      append(both, {{Kind::kJump, length(second) + 1}});
      append(both, second);
      all = std::move(both);
    }
    return all;
  }

  Piece sequence(int depth) {
    Piece all;
    while (at_ < pattern_.size() && pattern_[at_] != '|' && pattern_[at_] != ')')
      append(all, repeated(depth));
    return all;
  }

  static std::int32_t length(const Piece& piece) { return static_cast<std::int32_t>(piece.size()); }

  Piece repeated(int depth) {
    const std::size_t start = at_;
    Piece one = atom(depth);
    std::size_t least = 1, most = 1;
    bool endless = false;
    if (take('*')) {
      least = 0, endless = true;
    } else if (take('+')) {
      endless = true;
    } else if (take('?')) {
      least = 0;
    } else if (next_is('{')) {
      std::tie(least, most, endless) = counts();
    } else {
      return one;
    }
    if (pattern_[start] == '^' || pattern_[start] == '$') fail("there is nothing to repeat");
    const bool seldom = take('?');
    if (next_is('*') || next_is('+') || next_is('?') || next_is('{')) fail("this is repeated already");
    return repeat(one, least, most, endless, seldom);
  }

  Piece repeat(const Piece& one, std::size_t least, std::size_t most, bool endless, bool seldom) const {
    const auto fork = [seldom](std::int32_t into, std::int32_t past) {
      return seldom ? Step{Kind::kFork, past, into} : Step{Kind::kFork, into, past};
    };
    Piece all;
    for (std::size_t i = 0; i < least; ++i) append(all, one);
    if (endless) {
      append(all, {fork(1, length(one) + 2)});
      append(all, one);
      append(all, {{Kind::kJump, -length(one) - 1}});
      return all;
    }
    for (std::size_t i = least; i < most; ++i) {
      const auto left = static_cast<std::int32_t>(most - i);
      append(all, {fork(1, left * (length(one) + 1))});
      append(all, one);
    }
    return all;
  }

  /// {2}, {2,} or {2,5}: how often at least, at most, and whether there is no most.
  std::tuple<std::size_t, std::size_t, bool> counts() {
    ++at_;
    const std::size_t least = number();
    std::size_t most = least;
    bool endless = false;
    if (take(',')) {
      endless = next_is('}');
      if (!endless) most = number();
    }
    if (!take('}')) fail("here the bracket } is missing");
    if (!endless && most < least) fail("the most is less than the least");
    return {least, most, endless};
  }

  std::size_t number() {
    constexpr std::size_t kTen = 10;
    if (at_ == pattern_.size() || !is_digit(pattern_[at_])) fail("here a number is missing");
    std::size_t n = 0;
    for (; at_ < pattern_.size() && is_digit(pattern_[at_]); ++at_) {
      n = n * kTen + static_cast<std::size_t>(pattern_[at_] - '0');
      check<LimitError>(n <= NamePattern::kLongestProgram,
                        "the regular expression '{}' has more than {} steps", pattern_,
                        NamePattern::kLongestProgram);
    }
    return n;
  }

  Piece atom(int depth) {
    switch (pattern_[at_]) {
      case '(':
        return group(depth);
      case '[':
        return of_set(set());
      case '.':
        ++at_;
        return of_set(~std::bitset<256>());
      case '^':
        ++at_;
        return {{Kind::kBegin}};
      case '$':
        ++at_;
        return {{Kind::kEnd}};
      case '\\':
        return of_set(escape());
      case '*':
      case '+':
      case '?':
      case '{':
        fail("there is nothing to repeat");
      default:
        return of_set(one_of(pattern_.substr(at_++, 1)));
    }
  }

  Piece group(int depth) {
    const std::size_t start = at_++;
    std::size_t number = 0;
    if (pattern_.substr(at_).starts_with("?:")) {
      at_ += 2;
    } else if (next_is('?')) {
      fail("of the groups with a question mark there is (?:...) only");
    } else {
      number = ++out_.groups_;
      check<LimitError>(number <= NamePattern::kMostGroups,
                        "the regular expression '{}' has more than {} groups", pattern_,
                        NamePattern::kMostGroups);
    }
    const Piece inside = alternatives(depth + 1);
    if (!take(')')) {
      at_ = start;
      fail("this bracket is never closed");
    }
    if (number == 0) return inside;
    Piece all{mark(2 * number)};
    append(all, inside);
    append(all, {mark(2 * number + 1)});
    return all;
  }

  std::bitset<256> escape() {
    if (++at_ == pattern_.size()) fail("nothing stands behind the backslash");
    const char c = pattern_[at_];
    if (const auto known = class_of(c)) {
      ++at_;
      return *known;
    }
    if (is_digit(c)) fail("back-references are not understood");
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) fail("this escape is not understood");
    ++at_;
    return one_of({&c, 1});
  }

  std::bitset<256> set() {
    const std::size_t start = at_++;
    const bool none_of = take('^');
    std::bitset<256> members;
    while (!next_is(']')) {
      const std::bitset<256> low = member(start);
      if (!next_is('-') || at_ + 1 >= pattern_.size() || pattern_[at_ + 1] == ']') {
        members |= low;
        continue;
      }
      ++at_;
      const std::bitset<256> high = member(start);
      if (low.count() != 1 || high.count() != 1) fail("a range goes from one character to another");
      const char from = static_cast<char>(low._Find_first());
      const char to = static_cast<char>(high._Find_first());
      if (byte_of(from) > byte_of(to)) fail("the range runs backwards");
      members |= range_of(from, to);
    }
    ++at_;
    return none_of ? ~members : members;
  }

  std::bitset<256> member(std::size_t start) {
    if (at_ >= pattern_.size()) {
      at_ = start;
      fail("this bracket is never closed");
    }
    if (next_is('\\')) return escape();
    return one_of(pattern_.substr(at_++, 1));
  }

  Piece of_set(const std::bitset<256>& set) {
    const auto found = std::find(out_.sets_.begin(), out_.sets_.end(), set);
    const auto at = found - out_.sets_.begin();
    if (found == out_.sets_.end()) out_.sets_.push_back(set);
    return {{Kind::kOneOf, static_cast<std::int32_t>(at)}};
  }

  std::string_view pattern_;
  NamePattern& out_;
  std::size_t at_ = 0;
};

/// The ways through the program that are alive at one place of the name, the preferred ones first; each step once.
struct NamePattern::Threads {
  explicit Threads(std::size_t steps) : seen(steps, ~std::size_t{0}) {}
  std::vector<Thread> alive;
  std::vector<Thread> pending;    // while steps are followed
  std::vector<std::size_t> seen;  // at which place of the name the step was last reached
};

NamePattern::NamePattern(std::string_view pattern) { NamePatternParser(pattern, *this).run(); }

/// Follows `thread` through all steps that take no byte.
void NamePattern::follow(Threads& threads, const Thread& thread, std::string_view name,
                         std::size_t at) const {
  std::vector<Thread>& pending = threads.pending;
  pending.push_back(thread);
  while (!pending.empty()) {
    Thread t = pending.back();
    pending.pop_back();
    for (bool goes_on = true; goes_on;) {
      if (threads.seen[static_cast<std::size_t>(t.step)] == at) break;
      threads.seen[static_cast<std::size_t>(t.step)] = at;
      const Step& step = program_[static_cast<std::size_t>(t.step)];
      switch (step.kind) {
        case Step::Kind::kOneOf:
        case Step::Kind::kMatch:
          threads.alive.push_back(t);
          goes_on = false;
          break;
        case Step::Kind::kFork: {
          Thread other = t;
          other.step += step.other;
          pending.push_back(other);
          t.step += step.to;
          break;
        }
        case Step::Kind::kJump:
          t.step += step.to;
          break;
        case Step::Kind::kMark:
          t.marks[static_cast<std::size_t>(step.to)] = static_cast<std::int32_t>(at);
          ++t.step;
          break;
        case Step::Kind::kBegin:
          goes_on = at == 0;
          ++t.step;
          break;
        case Step::Kind::kEnd:
          goes_on = at == name.size();
          ++t.step;
          break;
      }
    }
  }
}

std::optional<NamePattern::Spans> NamePattern::find(std::string_view name, std::size_t from) const {
  check<LimitError>(name.size() <= kLongestName,
                    "a name of {} bytes is too long for a regular expression (at most {})", name.size(),
                    kLongestName);
  Thread fresh{0, {}};
  fresh.marks.fill(-1);
  Threads now(program_.size()), next(program_.size());
  std::optional<Spans> found;
  for (std::size_t at = from; at <= name.size(); ++at) {
    // A match that begins further left is preferred: new ones begin only while there is none, and behind those that run.
    if (!found) follow(now, fresh, name, at);
    if (now.alive.empty()) break;
    for (const Thread& t : now.alive) {
      const Step& step = program_[static_cast<std::size_t>(t.step)];
      if (step.kind == Step::Kind::kMatch) {
        found = t.marks;
        break;  // the ways behind it are less preferred
      }
      if (at < name.size() && sets_[static_cast<std::size_t>(step.to)][byte_of(name[at])]) {
        Thread moved = t;
        ++moved.step;
        follow(next, moved, name, at + 1);
      }
    }
    std::swap(now, next);
    next.alive.clear();
  }
  return found;
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
      const std::int32_t first = (*match)[2 * group];
      const std::int32_t last = (*match)[2 * group + 1];
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
