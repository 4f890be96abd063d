// `ballast show FILE`: what a checkpoint holds.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: prints to standard output, and throws
/// ballast::Error where the file cannot be shown.
void add_show(CLI::App& app);

}  // namespace ballast::tool
