// `ballast report FILE [OTHER] -o PAGE.html`: a page that shows what is in a checkpoint.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: writes the page, whole or not at all, and throws
/// ballast::Error where it cannot.
void add_report(CLI::App& app);

}  // namespace ballast::tool
