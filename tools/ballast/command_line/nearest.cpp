#include "tools/ballast/command_line/nearest.h"

#include <cstddef>

#include "ballast/core/match/edit_distance.h"

namespace ballast::tool {

std::optional<std::string_view> nearest(std::string_view typed, const std::vector<std::string_view>& words) {
  std::optional<std::string_view> best;
  std::size_t least = 3;
  for (const std::string_view word : words) {
    if (typed.size() > word.size() + 2) continue;
    const std::size_t n = edit_distance(typed, word);
    if (n < least && 2 * n < word.size() + 1) {
      least = n;
      best = word;
    }
  }
  return best;
}

}  // namespace ballast::tool
