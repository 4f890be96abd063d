// `ballast show FILE...`: what checkpoints hold.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: prints to standard output. One file that cannot be
/// shown is a ballast::Error; of several, each is told on standard error, and `status` is 2.
void add_show(CLI::App& app, int& status);

}  // namespace ballast::tool
