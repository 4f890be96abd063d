// `ballast man [COMMAND]`: manual pages.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`, whose other subcommands it describes once it runs.
void add_man(CLI::App& app);

}  // namespace ballast::tool
