// What may help somebody whose pattern describes no name.
//
//   unmatched_filter("bias", names)       "*bias* matches 2 names, such as 0.bias: a filter has to match the whole name"
//   unmatched_filter("encodr.*", names)   "the nearest name is encoder.0.weight"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ballast::tool {

/// Empty if no name is near.
[[nodiscard]] std::string unmatched_filter(std::string_view pattern,
                                           const std::vector<std::string_view>& names);

/// The same as the end of a sentence that says that nothing matches: "; the nearest name is encoder.0.weight", or nothing.
[[nodiscard]] std::string unmatched_filter_hint(std::string_view pattern,
                                                const std::vector<std::string_view>& names);

/// How many characters must be put in, left out or changed in `text` for `pattern` to match it: the edit distance in which a star
/// costs nothing, whatever it stands for. Works on bytes.
[[nodiscard]] std::size_t glob_distance(std::string_view pattern, std::string_view text);

}  // namespace ballast::tool
