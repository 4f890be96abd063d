// `ballast completion SHELL`: the script with which a shell completes `ballast`.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`, whose other subcommands it describes once it runs.
void add_completion(CLI::App& app);

}  // namespace ballast::tool
