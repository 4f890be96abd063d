// What every command says of itself. New commands are looked at without being named here.
#include "tools/ballast/shell/command_description.h"

#include <algorithm>
#include <iostream>
#include <sstream>

#include "tools/ballast/command_line/command_line.h"
#include <gtest/gtest.h>

namespace ballast::tool {
namespace {

const CommandDescription& ballast() {
  static int status = 0;
  static const std::unique_ptr<CLI::App> app = command_line(status);
  static const CommandDescription program = describe(*app);
  return program;
}

const CommandDescription* command_called(const std::string& name) {
  const auto found = std::ranges::find(ballast().commands, name, &CommandDescription::name);
  return found == ballast().commands.end() ? nullptr : &*found;
}

bool has_option(const CommandDescription& command, const std::string& name) {
  return std::ranges::any_of(command.options, [&](const OptionDescription& o) {
    return std::ranges::find(o.names, name) != o.names.end();
  });
}

TEST(CommandDescription, OfEveryCommandIsWhole) {
  for (const CommandDescription& c : ballast().commands) {
    SCOPED_TRACE(c.name);
    EXPECT_FALSE(c.summary.empty());
    EXPECT_LE(c.summary.size(), 90u) << "one line of the list of commands";
    EXPECT_FALSE(c.exit_status.empty()) << "its help ends in no 'Exit status: ...'";
    EXPECT_FALSE(c.examples.empty()) << "its help has no 'Examples:'";
    EXPECT_TRUE(has_option(c, "--help"));
    for (const auto* options : {&c.options, &c.operands}) {
      for (const OptionDescription& o : *options) {
        EXPECT_FALSE(o.help.empty()) << o.names.front();
        const bool flag = o.takes.kind == ValueKind::kNothing;
        const bool value_is_named = options == &c.operands || o.value.empty() == flag;
        EXPECT_TRUE(value_is_named) << o.names.front() << " calls its value nothing";
      }
    }
  }
  std::cout << "[ cases ] " << ballast().commands.size() << " commands\n";
  EXPECT_GE(ballast().commands.size(), 10u);
}

TEST(CommandDescription, ExamplesUseCommandsAndOptionsThatThereAre) {
  int options = 0;
  for (const CommandDescription& c : ballast().commands) {
    for (const DescriptionExample& e : c.examples) {
      SCOPED_TRACE(e.command);
      std::istringstream words(e.command);
      const CommandDescription* command = nullptr;
      for (std::string word, before; words >> word; before = word) {
        if (before == "ballast" || before == "<(ballast") {
          command = command_called(word);
          EXPECT_NE(command, nullptr) << word;
        } else if (word == "|" || word == "&&" || word == "||") {
          command = nullptr;
        } else if (command != nullptr && word.starts_with("--")) {
          EXPECT_TRUE(has_option(*command, word.substr(0, word.find('=')))) << word;
          ++options;
        }
      }
    }
  }
  EXPECT_GT(options, 10);
}

TEST(CommandDescription, HiddenCommandsAreNotInIt) { EXPECT_EQ(command_called("complete-names"), nullptr); }

TEST(CommandDescription, KnowsWhatOptionsTake) {
  const CommandDescription* show = command_called("show");
  ASSERT_NE(show, nullptr);
  const auto option = [&](const std::string& name) {
    return *std::ranges::find(show->options, name, [](const OptionDescription& o) { return o.names.back(); });
  };
  EXPECT_EQ(option("--json").takes.kind, ValueKind::kNothing);
  EXPECT_EQ(option("--depth").takes.kind, ValueKind::kText);
  EXPECT_EQ(option("--filter").takes.kind, ValueKind::kTensor);
  EXPECT_EQ(option("--filter").value, "GLOB");
  EXPECT_EQ(option("--sort").takes.words, (std::vector<std::string>{"name", "size"}));
  EXPECT_EQ(option("--columns").takes.kind, ValueKind::kList);
  EXPECT_EQ(option("--help").names, (std::vector<std::string>{"-h", "--help"}));
  ASSERT_EQ(show->operands.size(), 1u);
  EXPECT_EQ(show->operands[0].names[0], "FILE");
  EXPECT_TRUE(show->operands[0].repeated);
  EXPECT_TRUE(show->operands[0].required);
  EXPECT_EQ(show->operands[0].takes.kind, ValueKind::kFile);
}

TEST(CommandDescription, ReadsTheTextThatEndsHelp) {
  CommandDescription command;
  describe_footer(command, R"(One paragraph
of two lines.
  term     what it means
  another  what that means

A second. See `ballast`.

Examples:
  ballast show a.pth           what for
  ballast show a.pth --json | jq '.a  .b'

Nothing is executed. Exit status: 0, or 2 with
one line.

A third.)");
  ASSERT_EQ(command.paragraphs.size(), 4u);
  EXPECT_EQ(command.paragraphs[0].text, "One paragraph of two lines.");
  ASSERT_EQ(command.paragraphs[0].items.size(), 2u);
  EXPECT_EQ(command.paragraphs[0].items[1].term, "another");
  EXPECT_EQ(command.paragraphs[0].items[1].text, "what that means");
  EXPECT_EQ(command.paragraphs[1].text, "A second. See `ballast`.");
  EXPECT_EQ(command.paragraphs[2].text, "Nothing is executed.");
  EXPECT_EQ(command.paragraphs[3].text, "A third.");
  ASSERT_EQ(command.examples.size(), 2u);
  EXPECT_EQ(command.examples[0].command, "ballast show a.pth");
  EXPECT_EQ(command.examples[0].remark, "what for");
  EXPECT_EQ(command.examples[1].command, "ballast show a.pth --json | jq '.a  .b'");
  EXPECT_EQ(command.exit_status, "0, or 2 with one line.");
}

}  // namespace
}  // namespace ballast::tool
