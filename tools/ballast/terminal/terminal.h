// What is known of where output goes: whether a person reads it on a terminal, how wide that is, and whether it shows colours.
//
//   const Terminal terminal = standard_output_terminal(ColorMode::kAuto);
//   const Paint paint(terminal.colors);
//   out += paint(Style::kWarning, "2 findings");
//
// A pipe and a file are no terminals: what goes there has no colours, is cut to no width, and is the same everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ballast::tool {

enum class ColorMode : std::uint8_t { kAuto, kAlways, kNever };

struct Terminal {
  bool interactive = false;               ///< output is a terminal
  std::optional<std::size_t> width = {};  ///< of its lines, in characters; none: not to be minded
  bool colors = false;
};

/// What a decision rests on. An environment variable that is not set is none.
struct TerminalFacts {
  bool interactive = false;
  std::size_t columns = 0;  ///< as the system says; 0: it does not know
  std::optional<std::string> term = {}, no_color = {}, clicolor = {}, clicolor_force = {},
                             columns_variable = {};
};

/// Colours: as `mode` says; kAuto asks NO_COLOR (set and not empty: none), then CLICOLOR_FORCE (set, not empty, not 0: always,
/// in a pipe too), then CLICOLOR (0: none); then it is whether output is a terminal that is not TERM=dumb.
/// Width: only on a terminal; COLUMNS, if it holds a number, else what the system says.
[[nodiscard]] Terminal terminal_of(const TerminalFacts& facts, ColorMode mode);

/// The same of standard output, and of this process's environment.
[[nodiscard]] Terminal standard_output_terminal(ColorMode mode);

/// What a piece of text is; how that looks is decided in one place.
enum class Style : std::uint8_t {
  kPlain,
  kHeading,  ///< titles of columns, the name of a file
  kFaint,    ///< what only connects or repeats
  kAccent,   ///< what to find again: marks of shared storage, modules
  kGood,     ///< added, ok
  kWarning,  ///< changed, a warning
  kBad,      ///< removed, damage
};

/// Puts text into colours, or leaves it as it is.
class Paint {
 public:
  Paint() = default;
  explicit Paint(bool colors) : colors_(colors) {}

  [[nodiscard]] bool colors() const noexcept { return colors_; }
  /// `text` in the style (ECMA-48, Select Graphic Rendition). Empty text stays empty.
  [[nodiscard]] std::string operator()(Style style, std::string_view text) const;
  /// What switches the style on, and what switches every style off; empty without colours.
  [[nodiscard]] std::string_view begin(Style style) const noexcept;
  [[nodiscard]] std::string_view end(Style style) const noexcept;

 private:
  bool colors_ = false;
};

}  // namespace ballast::tool
