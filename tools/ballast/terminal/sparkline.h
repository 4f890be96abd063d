// A histogram in one line of text.
//
//   sparkline({1, 5, 9, 4, 0})     "▂▅█▄ "
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ballast::tool {

/// A block for each count, as high as its share of the largest, in eighths; what is not 0 is at least one eighth high.
[[nodiscard]] std::string sparkline(const std::vector<std::int64_t>& counts);

}  // namespace ballast::tool
