// Regular expressions over names, in time that no pattern and no name can make explode.
//
//   const NamePattern layers("layer(\\d+)\\.");
//   layers.replace("net.layer12.weight", "blocks.$1.")     "net.blocks.12.weight"
//
// The notation is RE2's, which is what Perl, Python and ECMAScript share, without back-references and without looking ahead
// or behind: a search takes time in proportion to the name. (std::regex takes exponential time for patterns such as (a*)*b, and
// the stack in proportion to the name.) Patterns work on bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ballast {

class NamePattern {
 public:
  static constexpr std::size_t kMostGroups = 9;  ///< that have numbers

  /// Where a match lies: [begin, end) of the whole, and of each group; -1 for a group that took no part.
  using Spans = std::array<std::int64_t, 2 * (kMostGroups + 1)>;

  /// ValueError if `pattern` is none, saying why; LimitError if it is too large, or has too many groups.
  explicit NamePattern(std::string_view pattern);

  [[nodiscard]] std::size_t groups() const noexcept { return groups_; }
  /// The first match at or behind `from`.
  [[nodiscard]] std::optional<Spans> find(std::string_view name, std::size_t from = 0) const;
  /// `name` with every match, from left to right, replaced by `to`, in which $1 to $9 stand for the groups, $0 for the
  /// match and $$ for a dollar.
  [[nodiscard]] std::string replace(std::string_view name, std::string_view to) const;
  /// ValueError unless each $ of `to` stands before another, or before the number of a group there is.
  void check_replacement(std::string_view to) const;

 private:
  class Program;
  std::shared_ptr<const Program> program_;
  std::size_t groups_ = 0;
};

}  // namespace ballast
