// Options that mean the same in every command.
//
//   CommonOptions common;
//   add_filter(*command, common, "only tensors whose full name matches");
//   add_json(*command, common), add_quiet(*command, common), add_color(*command, common);
//   ...
//   const Terminal terminal = standard_output_terminal(common.color);
//
// A command takes those that it can honour. `common` must live until the command has run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/ballast/terminal/terminal.h"
#include <CLI/App.hpp>

namespace ballast::tool {

struct CommonOptions {
  bool json = false, quiet = false;
  std::optional<std::string> filter;  ///< a pattern of ballast/core/match/glob.h
  ColorMode color = ColorMode::kAuto;
};

/// How patterns are written: for the help of commands that have --filter. Two lines without an end.
constexpr const char* kGlobHelp =
    R"(In GLOB, * stands for any characters (dots too), ? for one, [a-z] for one of a range; quote it, so that the
shell leaves it alone.)";

CLI::Option* add_json(CLI::App& command, CommonOptions& options,
                      const std::string& help = "one JSON document instead of text");
CLI::Option* add_filter(CLI::App& command, CommonOptions& options,
                        const std::string& help = "only tensors whose full name matches");
CLI::Option* add_quiet(CLI::App& command, CommonOptions& options,
                       const std::string& help = "print nothing: the exit status says it");
/// --color auto|always|never, for commands that have something to colour.
CLI::Option* add_color(CLI::App& command, CommonOptions& options);

/// All of them.
void add_common_options(CLI::App& command, CommonOptions& options);

/// An option whose value is one of `choices`, a text as "name|size" says in help; another one is told which is nearest.
CLI::Option* add_choice(CLI::App& command, const std::string& name, std::string& value,
                        std::vector<std::string> choices, const std::string& help);

/// A check of an option's value, which is to be a whole number from 0 to `most`; for CLI::Option::check.
[[nodiscard]] std::function<std::string(const std::string&)> whole_number_up_to(std::uint64_t most);

}  // namespace ballast::tool
