#include "ballast/core/with_commas.h"

namespace ballast {

std::string with_commas(std::uint64_t n) {
  std::string digits = std::to_string(n);
  constexpr std::size_t kGroup = 3;
  for (std::size_t at = digits.size(); at > kGroup;) digits.insert(at -= kGroup, ",");
  return digits;
}

}  // namespace ballast
