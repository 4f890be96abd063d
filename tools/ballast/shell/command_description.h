// What a command and its subcommands are, as plain data: the one source of manual pages and of completion.
//
//   const CommandDescription ballast = describe(*command_line(status));
//   for (const CommandDescription& command : ballast.commands) ...
//
// It is read from what CLI11 knows of them, and from the text that ends their help. That text has a form:
//
//   Paragraphs, with blank lines between. A line in one that is indented is an item: a word, two spaces or more, what it means.
//
//   Examples:
//     ballast show model.pth                  what it is good for, behind three spaces or more
//
//   Exit status: 0, or 2 with one line on standard error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/ballast/command_line/option_value.h"
#include <CLI/App.hpp>

namespace ballast::tool {

/// An option, or an operand: what stands on the line without a name.
struct OptionDescription {
  std::vector<std::string> names = {};  ///< "-h", "--help"; of an operand its one name, "FILE"
  std::string value = {};               ///< what help calls its value, "GLOB" or "name|size"; empty for flags
  std::string help = {};
  OptionValue takes = {};
  bool repeated = false;  ///< may be given more than once
  bool required = false;
};

struct DescriptionItem {
  std::string term, text;
};

struct DescriptionParagraph {
  std::string text = {};
  std::vector<DescriptionItem> items = {};  ///< below the text
};

struct DescriptionExample {
  std::string command, remark;
};

struct CommandDescription {
  std::string name = {};     ///< "show"; of the program "ballast"
  std::string summary = {};  ///< one line
  std::vector<OptionDescription> options = {}, operands = {};
  std::vector<DescriptionParagraph> paragraphs = {};
  std::vector<DescriptionExample> examples = {};
  std::string exit_status = {};
  std::vector<CommandDescription> commands = {};  ///< without those that help hides
};

[[nodiscard]] CommandDescription describe(CLI::App& app);

/// Reads the text that ends the help of a command into `command`.
void describe_footer(CommandDescription& command, std::string_view footer);

}  // namespace ballast::tool
