// `ballast check FILE...`: what looks wrong with the numbers.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it and sets `status`: 0, 1 if something was found, 2 if a
/// file cannot be read.
void add_check(CLI::App& app, int& status);

}  // namespace ballast::tool
