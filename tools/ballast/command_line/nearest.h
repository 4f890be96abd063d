// Which of some words somebody may have meant.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace ballast::tool {

/// The word closest to `typed`, if it is close: at most two letters (and less than half of the word) put in, left out,
/// changed or swapped with their neighbour.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view typed,
                                                      const std::vector<std::string_view>& words);

}  // namespace ballast::tool
