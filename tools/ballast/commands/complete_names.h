// `ballast complete-names PREFIX FILE...`: names of tensors for the completion of a shell. Help does not list it.
//
//   complete-names "" model.pth              encoder.   head.
//   complete-names encoder. model.pth        encoder.weight   encoder.bias
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. It prints a line for each candidate, and nothing of what is wrong with a file: who completes is
/// in the middle of a line.
void add_complete_names(CLI::App& app);

/// How `typed` could go on to become one of `names`: to the next dot, or to the end. Where there is one way only, on to the place
/// where there are more. Names that a shell would have to quote are left out: what a file holds should never be for a shell to
/// read.
[[nodiscard]] std::vector<std::string> next_parts(std::string_view typed,
                                                  const std::vector<std::string_view>& names);

}  // namespace ballast::tool
