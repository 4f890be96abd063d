// `ballast match CHECKPOINT MODEL`: how a checkpoint would load into a model, and what would help.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: prints to standard output, sets `status` to 0 if
/// the checkpoint fits wholly and to 1 if it does not, and throws ballast::Error where either cannot be read.
void add_match(CLI::App& app, int& status);

}  // namespace ballast::tool
