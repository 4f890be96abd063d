// `ballast hist FILE NAME`: one tensor as a histogram and a heat map.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: prints to standard output, and throws ballast::Error
/// where the file cannot be read or has no such tensor.
void add_hist(CLI::App& app);

}  // namespace ballast::tool
