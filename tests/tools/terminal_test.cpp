#include "tools/ballast/terminal/terminal.h"

#include <gtest/gtest.h>

namespace ballast::tool {
namespace {

TEST(Terminal, ColoursAreForTerminalsAndForWhoAsks) {
  const TerminalFacts terminal{.interactive = true, .term = "xterm"},
      pipe{.interactive = false, .term = "xterm"};
  TerminalFacts dumb = terminal, unknown = terminal, no_color = terminal, forced = pipe, both = pipe,
                off = terminal;
  TerminalFacts empty = terminal, not_forced = pipe;
  dumb.term = "dumb";
  unknown.term = std::nullopt;
  no_color.no_color = "1";
  forced.clicolor_force = "1";
  both.clicolor_force = "1", both.no_color = "1";
  off.clicolor = "0";
  empty.no_color = "";
  not_forced.clicolor_force = "0";
  const struct {
    const char* what;
    const TerminalFacts& facts;
    bool colors;
  } cases[] = {
      {"a terminal", terminal, true},
      {"a pipe", pipe, false},
      {"TERM=dumb", dumb, false},
      {"no TERM", unknown, false},
      {"NO_COLOR=1", no_color, false},
      {"NO_COLOR empty is as if it were not set", empty, true},
      {"CLICOLOR_FORCE=1 in a pipe", forced, true},
      {"CLICOLOR_FORCE=0 in a pipe", not_forced, false},
      {"NO_COLOR before CLICOLOR_FORCE", both, false},
      {"CLICOLOR=0", off, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(terminal_of(c.facts, ColorMode::kAuto).colors, c.colors) << c.what;
    EXPECT_TRUE(terminal_of(c.facts, ColorMode::kAlways).colors) << c.what;
    EXPECT_FALSE(terminal_of(c.facts, ColorMode::kNever).colors) << c.what;
  }
}

TEST(Terminal, WidthIsOfTerminalsOnly) {
  const auto width = [](bool interactive, std::size_t columns, std::optional<std::string> variable) {
    const TerminalFacts facts{
        .interactive = interactive, .columns = columns, .columns_variable = std::move(variable)};
    return terminal_of(facts, ColorMode::kAuto).width;
  };
  EXPECT_EQ(width(true, 80, std::nullopt), 80u);
  EXPECT_EQ(width(true, 80, "132"), 132u);
  EXPECT_EQ(width(true, 80, "wide"), 80u);
  EXPECT_EQ(width(true, 80, "40x"), 80u);
  EXPECT_EQ(width(true, 80, "0"), 80u);
  EXPECT_EQ(width(true, 80, ""), 80u);
  EXPECT_EQ(width(true, 80, "-7"), 80u);
  EXPECT_EQ(width(true, 0, std::nullopt), std::nullopt);
  EXPECT_EQ(width(true, 0, "100"), 100u);
  EXPECT_EQ(width(false, 80, std::nullopt), std::nullopt);
  EXPECT_EQ(width(false, 80, "100"), std::nullopt);
}

TEST(Paint, WrapsTextOrLeavesItAlone) {
  const Paint colors(true), plain;
  EXPECT_EQ(colors(Style::kBad, "damage"), "\x1b[31mdamage\x1b[0m");
  EXPECT_EQ(colors(Style::kPlain, "text"), "text");
  EXPECT_EQ(colors(Style::kBad, ""), "");
  for (const Style style : {Style::kPlain, Style::kHeading, Style::kFaint, Style::kAccent, Style::kGood,
                            Style::kWarning, Style::kBad})
    EXPECT_EQ(plain(style, "text"), "text");
}

}  // namespace
}  // namespace ballast::tool
