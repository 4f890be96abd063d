// The command with all that it can do.
#pragma once

#include <memory>

#include <CLI/App.hpp>

namespace ballast::tool {

/// `ballast` with every subcommand. Parsing a command line runs the one that is chosen, which sets `status` where its exit status
/// is not 0.
[[nodiscard]] std::unique_ptr<CLI::App> command_line(int& status);

}  // namespace ballast::tool
