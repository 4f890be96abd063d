#include "tools/ballast/nearest.h"

#include <algorithm>
#include <cstddef>

namespace ballast::tool {
namespace {

/// The optimal string alignment distance (Damerau 1964, each part edited once).
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view typed, const std::vector<std::string_view>& words) {
  std::optional<std::string_view> best;
  std::size_t least = 3;
  for (const std::string_view word : words) {
    if (typed.size() > word.size() + 2) continue;
    const std::size_t n = edits(typed, word);
    if (n < least && 2 * n < word.size() + 1) {
      least = n;
      best = word;
    }
  }
  return best;
}

}  // namespace ballast::tool
