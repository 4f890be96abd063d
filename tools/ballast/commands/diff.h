// `ballast diff A B`: what changed from one checkpoint to another.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it and sets `status`: 0 the same, 1 different.
void add_diff(CLI::App& app, int& status);

}  // namespace ballast::tool
