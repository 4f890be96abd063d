// Sums of sizes that a file states: they may be as large as they like.
#pragma once

#include <cstdint>

namespace ballast {

/// a + b, or the largest number where that does not fit: totals of a hostile file must not wrap around.
[[nodiscard]] constexpr std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept {
  return a > ~std::uint64_t{0} - b ? ~std::uint64_t{0} : a + b;
}

}  // namespace ballast
