#include "tools/ballast/terminal/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace ballast::tool {

std::string sparkline(const std::vector<std::int64_t>& counts) {
  constexpr std::array<std::string_view, 9> kBlocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (counts.empty()) return {};
  const auto most = static_cast<double>(*std::ranges::max_element(counts));
  std::string line;
  for (const std::int64_t n : counts) {
    const double share = most > 0 ? static_cast<double>(n) / most : 0;
    const double eighths = n > 0 ? std::max(1.0, std::round(8 * share)) : 0;
    line += kBlocks[static_cast<std::size_t>(eighths)];
  }
  return line;
}

}  // namespace ballast::tool
