// `ballast stats FILE...`: how the numbers of each tensor are distributed.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: prints to standard output, and throws ballast::Error
/// where a file cannot be read.
void add_stats(CLI::App& app);

}  // namespace ballast::tool
