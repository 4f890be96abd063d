// Many permutations of one length, each the one that randperm would draw next.
//
//   Permutations rows(1024);
//   std::span<const std::uint32_t> order = rows.next(state.engine);      // 1023 words drawn
//
// Dividing by the same numbers again and again, it divides by multiplying (Lemire, Kaser & Kurz, "Faster remainder by
// direct computation", Software: Practice and Experience 49(6), 2019; exact for 32 bits).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/core/mt19937.h"

namespace ballast {

class Permutations {
 public:
  static constexpr std::int64_t kMost = 0xFFFFFFFF;

  /// Of the numbers 0 to n - 1. ValueError unless 0 <= n <= kMost.
  explicit Permutations(std::int64_t n);
  /// Valid until the next call. The caller holds the generator's lock.
  [[nodiscard]] std::span<const std::uint32_t> next(Mt19937& engine);

 private:
  std::vector<std::uint64_t> reciprocals_;  // of n, n - 1, ..., 2
  std::vector<std::uint32_t> words_, order_;
};

}  // namespace ballast
