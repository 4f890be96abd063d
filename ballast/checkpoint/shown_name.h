// Names out of a file, made fit for a message of one line: cut where they are long, with everything that does not print
// written as \x1b. A name can hold anything, a terminal's escape sequences too.
#pragma once

#include <string>
#include <string_view>

namespace ballast::checkpoint {

[[nodiscard]] std::string shown_name(std::string_view name);

}  // namespace ballast::checkpoint
