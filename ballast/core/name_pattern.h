// Regular expressions over names, in time that no pattern and no name can make explode.
//
//   const NamePattern layers("layer(\\d+)\\.");
//   layers.replace("net.layer12.weight", "blocks.$1.")     "net.blocks.12.weight"
//
// The notation is what ECMAScript, Perl and Python share:
//
//   .             any byte                       \d \w \s     a digit, a letter (digit, _), a blank; \D \W \S: none
//   [a-z_] [^.]   one of a set, or none of it    \. \[ \\     the character itself
//   ab|cd         either; the first that fits    ^ $          the beginning and the end of the name
//   (ab) (?:ab)   a group, with a number or not  * + ? {2,5}  repeated; with ? behind it as seldom as fits
//
// Patterns work on bytes. All ways through a pattern are followed side by side (Thompson 1968; Pike's captures), so that a
// search costs at most the length of the pattern times that of the name: there is no backtracking, and therefore no
// back-reference. std::regex takes exponential time for patterns such as (a*)*b, and the stack in proportion to the name.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

class NamePattern {
 public:
  static constexpr std::size_t kMostGroups = 9;         ///< that have numbers
  static constexpr std::size_t kLongestProgram = 4096;  ///< steps; a{1000} is a thousand
  static constexpr std::size_t kLongestName = 4096;     ///< bytes of a name that is searched

  /// Where a match lies: [begin, end) of the whole, and of each group; -1 for a group that took no part.
  using Spans = std::array<std::int32_t, 2 * (kMostGroups + 1)>;

  /// ValueError if `pattern` is none, with the place where it goes wrong; LimitError if it is too long.
  explicit NamePattern(std::string_view pattern);

  [[nodiscard]] std::size_t groups() const noexcept { return groups_; }
  /// The first match at or behind `from`. LimitError for a name that is too long.
  [[nodiscard]] std::optional<Spans> find(std::string_view name, std::size_t from = 0) const;
  /// `name` with every match, from left to right, replaced by `to`, in which $1 to $9 stand for the groups, $0 for the
  /// match and $$ for a dollar.
  [[nodiscard]] std::string replace(std::string_view name, std::string_view to) const;
  /// ValueError unless each $ of `to` stands before another, or before the number of a group there is.
  void check_replacement(std::string_view to) const;

 private:
  friend class NamePatternParser;

  /// One step of the program; places are relative to the step.
  struct Step {
    enum class Kind : std::uint8_t { kOneOf, kFork, kJump, kMark, kBegin, kEnd, kMatch };
    Kind kind;
    std::int32_t to = 0;     ///< kOneOf: the set; kFork, kJump: where to go; kMark: which mark
    std::int32_t other = 0;  ///< kFork: where to go if that leads nowhere
  };
  struct Thread {
    std::int32_t step;
    Spans marks;
  };
  struct Threads;

  void follow(Threads& threads, const Thread& thread, std::string_view name, std::size_t at) const;

  std::vector<Step> program_;
  std::vector<std::bitset<256>> sets_;
  std::size_t groups_ = 0;
};

}  // namespace ballast
