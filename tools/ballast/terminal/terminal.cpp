#include "tools/ballast/terminal/terminal.h"

#include <charconv>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace ballast::tool {
namespace {

bool is_set(const std::optional<std::string>& variable) { return variable && !variable->empty(); }

bool colors_of(const TerminalFacts& facts, ColorMode mode) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  if (is_set(facts.no_color)) return false;
  if (is_set(facts.clicolor_force) && *facts.clicolor_force != "0") return true;
  if (facts.clicolor == "0") return false;
  return facts.interactive && is_set(facts.term) && *facts.term != "dumb";
}

std::optional<std::size_t> width_of(const TerminalFacts& facts) {
  if (!facts.interactive) return std::nullopt;
  const std::string text = facts.columns_variable.value_or("");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error != std::errc() || end != text.data() + text.size()) columns = 0;
  if (columns == 0) columns = facts.columns;
  return columns > 0 ? std::optional(columns) : std::nullopt;
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

Terminal terminal_of(const TerminalFacts& facts, ColorMode mode) {
  return {.interactive = facts.interactive, .width = width_of(facts), .colors = colors_of(facts, mode)};
}

Terminal standard_output_terminal(ColorMode mode) {
  TerminalFacts facts{.interactive = ::isatty(STDOUT_FILENO) == 1,
                      .term = variable("TERM"),
                      .no_color = variable("NO_COLOR"),
                      .clicolor = variable("CLICOLOR"),
                      .clicolor_force = variable("CLICOLOR_FORCE"),
                      .columns_variable = variable("COLUMNS")};
  winsize size{};
  if (facts.interactive && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) facts.columns = size.ws_col;
  return terminal_of(facts, mode);
}

std::string Paint::operator()(Style style, std::string_view text) const {
  if (text.empty()) return {};
  std::string painted(begin(style));
  painted += text;
  painted += end(style);
  return painted;
}

std::string_view Paint::begin(Style style) const noexcept {
  if (!colors_) return {};
  switch (style) {
    case Style::kPlain:
      return {};
    case Style::kHeading:
      return "\x1b[1m";
    case Style::kFaint:
      return "\x1b[2m";
    case Style::kAccent:
      return "\x1b[36m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
  }
  return {};
}

std::string_view Paint::end(Style style) const noexcept {
  return colors_ && style != Style::kPlain ? "\x1b[0m" : "";
}

}  // namespace ballast::tool
