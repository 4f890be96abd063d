// `ballast convert IN... OUT`: a checkpoint as a file of another format, with other names, types, or only a part of it.
#pragma once

#include <CLI/App.hpp>

namespace ballast::tool {

/// Adds the subcommand to `app`. When it is chosen, parsing `app` runs it: writes OUT, says so on standard output, and throws
/// ballast::Error, with what was at OUT untouched, where it cannot.
void add_convert(CLI::App& app);

}  // namespace ballast::tool
