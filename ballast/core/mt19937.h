// MT19937 (Matsumoto & Nishimura, ACM TOMACS 8(1), 1998) with PyTorch's lazy refill, and bulk draws made for
// speed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ballast {

class Mt19937 {
 public:
  static constexpr int kWords = 624;

  explicit Mt19937(std::uint32_t seed = 5489);

  /// One tempered 32-bit output.
  std::uint32_t operator()();
  /// Two outputs; the first is the high half.
  std::uint64_t next64() {
    const std::uint64_t high = (*this)();
    return high << 32 | (*this)();
  }
  /// The next outputs, as many as `out` has room for: the same words as that many single draws.
  void fill(std::span<std::uint32_t> out);
  /// Goes past `n` outputs without making them.
  void discard(std::uint64_t n);

  // The state as PyTorch keeps and saves it. `left` and `next` are kept as they are, also where they do not
  // agree.
  std::array<std::uint32_t, kWords> words{};
  std::int32_t left = 1;
  std::uint32_t next = 0;
};

}  // namespace ballast
