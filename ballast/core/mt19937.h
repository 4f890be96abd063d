// MT19937 (Matsumoto & Nishimura, ACM TOMACS 8(1), 1998) with PyTorch's lazy refill, and bulk draws made for speed.
#pragma once

#include <algorithm>
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
  std::uint32_t operator()() {
    if (--left == 0) refill();
    return temper(words[next++]);
  }
  /// Two outputs; the first is the high half.
  std::uint64_t next64() {
    const std::uint64_t high = (*this)();
    return high << 32 | (*this)();
  }
  /// The next outputs, as many as `out` has room for: the same words as that many single draws.
  void fill(std::span<std::uint32_t> out);
  /// Goes past `n` outputs without making them.
  void discard(std::uint64_t n);

  /// Takes the next outputs that lie in one piece, at most `most` (>= 1) of them, and shows them before tempering: for
  /// samplers that temper on their way. Valid until the next draw.
  std::span<const std::uint32_t> take(std::size_t most) {
    if (left == 1) {
      refill();
      ++left;  // the refill counts as the first draw of the new words
    }
    const std::size_t n = std::min(most, static_cast<std::size_t>(left - 1));
    const std::uint32_t* first = words.data() + next;
    left -= static_cast<std::int32_t>(n);
    next += static_cast<std::uint32_t>(n);
    return {first, n};
  }

  static constexpr std::uint32_t temper(std::uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
  }

  // The state as PyTorch keeps and saves it. `left` and `next` are kept as they are, also where they do not agree;
  // left >= 1 and left + next <= 625 always.
  std::array<std::uint32_t, kWords> words{};
  std::int32_t left = 1;
  std::uint32_t next = 0;

 private:
  void refill();
};

}  // namespace ballast
