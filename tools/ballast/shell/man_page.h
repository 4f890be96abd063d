// Manual pages, for man(1), out of what a command is described as.
//
//   man_page(ballast, ballast.commands[0])   the text of ballast-show.1
#pragma once

#include <string>

#include "tools/ballast/shell/command_description.h"

namespace ballast::tool {

/// "ballast-show.1"; of the program itself "ballast.1".
[[nodiscard]] std::string man_page_name(const CommandDescription& program, const CommandDescription& command);

/// In the language of man(7), ASCII only. `command` is `program` itself or one of its commands.
[[nodiscard]] std::string man_page(const CommandDescription& program, const CommandDescription& command);

/// `text` for roff: shown as it is, whatever it holds.
[[nodiscard]] std::string roff_text(std::string_view text);

}  // namespace ballast::tool
