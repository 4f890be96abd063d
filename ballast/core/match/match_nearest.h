// Which names of the other side are most like a name without a counterpart. For match.cpp.
//
// Two names are as far apart as their parts (between the dots) must be changed: a part that is a little differently spelt is
// near, another word further, a part more or less in between. Names are compared only if they begin or end alike, or stand for
// one shape, and only so many: time grows with the number of names.
#pragma once

#include <string_view>
#include <vector>

#include "ballast/core/dims.h"

namespace ballast {

struct NearName {
  std::string_view name;
  const Dims* shape;
};

inline constexpr std::size_t kMostNearest = 3;

/// For each of `names` the positions in `others` that are near, the nearest first.
[[nodiscard]] std::vector<std::vector<std::size_t>> nearest_names(const std::vector<NearName>& names,
                                                                  const std::vector<NearName>& others);

}  // namespace ballast
