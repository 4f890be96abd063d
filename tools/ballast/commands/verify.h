// `ballast verify FILE...`: what is wrong with checkpoints, and what they would run in an unpickler.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: prints to standard output, and sets `status` to 1
/// where there are findings, to 2 where a file is no checkpoint or cannot be read.
void add_verify(CLI::App& app, int& status);

}  // namespace ballast::tool
