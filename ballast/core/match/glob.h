// Patterns over dotted names, as a shell has them for file names, except that `*` crosses the dots.
//
//   glob_matches("encoder.*.weight", "encoder.layers.0.weight")   true
#pragma once

#include <string_view>

namespace ballast {

/// Whether `pattern` describes the whole of `text`: `*` any characters, `?` one, `[abc]`, `[a-z]` one of these, `[!a-z]`
/// one that is none of these, `\` before a character that is meant literally. An unclosed `[` stands for itself.
/// Works on bytes, except that `?` and `[!...]` take a whole UTF-8 character. Time is at most pattern times text.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace ballast
