// What `ballast show` does on a terminal, and that it does nothing of that anywhere else.
#include <algorithm>
#include <sstream>

#include "tests/tools/command.h"
#include "tests/tools/on_terminal.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

const std::string kFolder = data_path("checkpoints/zip");

std::string on_terminal(std::vector<std::string> arguments, TerminalSettings settings = {}) {
  arguments.insert(arguments.begin(), {BALLAST_COMMAND, "show"});
  settings.folder = kFolder;
  OnTerminal show(arguments, settings);
  std::string out = show.finish();
  EXPECT_EQ(show.status(), 0) << out;
  return out;
}

std::string in_pipe(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "show");
  return ballast_command(arguments, kFolder).out;
}

std::string without_colors(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, tool::terminal_width(line));
  return widest;
}

TEST(ShowOnATerminal, NamesAreShortenedInTheMiddleSoThatRowsFit) {
  EXPECT_EQ(on_terminal({"lenet.pth", "--color", "never"}, {.width = 62}), R"(lenet.pth: torch-zip, 245 KiB

name              shape          dtype    parameters     bytes
feature…0.weight  [6, 1, 5, 5]   float32         150     600 B
features.0.bias   [6]            float32           6      24 B
feature…3.weight  [16, 6, 5, 5]  float32       2,400  9.38 KiB
features.3.bias   [16]           float32          16      64 B
classif…1.weight  [120, 400]     float32      48,000   188 KiB
classif…r.1.bias  [120]          float32         120     480 B
classif…3.weight  [84, 120]      float32      10,080  39.4 KiB
classif…r.3.bias  [84]           float32          84     336 B
classif…5.weight  [10, 84]       float32         840  3.28 KiB
classif…r.5.bias  [10]           float32          10      40 B

10 tensors, 61,706 parameters, 246,824 bytes (241 KiB)
)");
}

TEST(ShowOnATerminal, NoRowIsWiderThanTheTerminalWhereNamesCanGiveWay) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--tree"}, {"--depth", "3"}, {"--columns", "bytes,name,storage"}}) {
    std::vector<std::string> arguments{"training.pth", "--color", "never", "--filter", "*"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const std::size_t natural = widest_line(in_pipe(arguments));
    for (unsigned short width = 66; width < 100; width += 3) {
      const std::string out = on_terminal(arguments, {.width = width});
      EXPECT_LE(widest_line(out), width);
      EXPECT_EQ(out == in_pipe(arguments), natural <= width) << width;
    }
  }
}

TEST(ShowOnATerminal, RowsThatCannotFitAreLeftWhole) {
  const std::vector<std::string> arguments{"lenet.pth", "--hash", "--color", "never"};
  EXPECT_EQ(on_terminal(arguments, {.width = 70}), in_pipe(arguments));
}

TEST(ShowOnATerminal, ColumnsInTheEnvironmentIsTheWidth) {
  const std::vector<std::string> arguments{"training.pth", "--color", "never"};
  EXPECT_EQ(on_terminal(arguments, {.width = 60, .environment = {{"COLUMNS", "200"}}}), in_pipe(arguments));
  EXPECT_EQ(on_terminal(arguments, {.width = 200, .environment = {{"COLUMNS", "60"}}}),
            on_terminal(arguments, {.width = 60}));
}

TEST(ShowOnATerminal, ColoursAreThereUnlessTheyAreNotWanted) {
  const std::vector<std::string> arguments{"shared_storage.pth"};
  const std::string plain = in_pipe(arguments), colors = on_terminal(arguments);
  EXPECT_NE(colors, plain);
  EXPECT_EQ(without_colors(colors), plain);
  EXPECT_NE(colors.find("\x1b[36m#1\x1b[0m"), std::string::npos) << colors;
  using Environment = std::vector<std::pair<std::string, std::string>>;
  for (const Environment& environment :
       {Environment{{"NO_COLOR", "1"}}, {{"TERM", "dumb"}}, {{"CLICOLOR", "0"}}})
    EXPECT_EQ(on_terminal(arguments, {.environment = environment}), plain) << environment[0].first;
  EXPECT_EQ(on_terminal({"shared_storage.pth", "--color", "never"}), plain);
  EXPECT_EQ(on_terminal({"shared_storage.pth", "--color=always"}, {.environment = {{"NO_COLOR", "1"}}}),
            colors);
  EXPECT_EQ(in_pipe({"shared_storage.pth", "--color", "always"}), colors) << "asked for, in a pipe too";
  EXPECT_EQ(in_pipe({"shared_storage.pth", "--color", "auto"}), plain);
}

TEST(ShowOnATerminal, JsonIsTheSameEverywhere) {
  EXPECT_EQ(on_terminal({"training.pth", "--json"}, {.width = 40}), in_pipe({"training.pth", "--json"}));
}

TEST(ShowInAPipe, TheEnvironmentChangesNothing) {
  const std::string plain = in_pipe({"training.pth", "--tree"});
  ::setenv("COLUMNS", "40", 1);
  ::setenv("TERM", "xterm-256color", 1);
  EXPECT_EQ(in_pipe({"training.pth", "--tree"}), plain);
  ::unsetenv("COLUMNS");
}

}  // namespace
}  // namespace ballast::testing
