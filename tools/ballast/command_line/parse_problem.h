// What is wrong with a command line, in words that say what would be right.
//
//   ballast show --jsn x.pth     "--jsn is no option of show; did you mean --json?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>

namespace ballast::tool {

/// What is wrong with the first word, where a command should stand; empty if nothing is.
[[nodiscard]] std::string command_problem(const CLI::App& app, const std::vector<std::string_view>& words);

/// What `error`, thrown by parsing, means to say.
[[nodiscard]] std::string parse_problem(CLI::App& app, const CLI::ParseError& error);

/// "'siez' is none of name, size; did you mean size?": what a value that is none of `choices` is told.
[[nodiscard]] std::string choice_problem(std::string_view value,
                                         const std::vector<std::string_view>& choices);

}  // namespace ballast::tool
