// Completion for shells: scripts that know the commands, their options and the words that these take, out of what the command is
// described as, and ask `ballast complete-names` for names of tensors.
//
//   bash_completion(describe(*command_line(status)))
#pragma once

#include <string>
#include <string_view>

#include "tools/ballast/shell/command_description.h"

namespace ballast::tool {

[[nodiscard]] std::string bash_completion(const CommandDescription& program);
[[nodiscard]] std::string zsh_completion(const CommandDescription& program);
[[nodiscard]] std::string fish_completion(const CommandDescription& program);

/// `text` as one word of a shell, in single quotes where it needs them: it's becomes 'it'\''s'.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace ballast::tool
