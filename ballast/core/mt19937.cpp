#include "ballast/core/mt19937.h"

#include "ballast/core/cpu/mt19937_kernels.h"

namespace ballast {

Mt19937::Mt19937(std::uint32_t seed) {
  words[0] = seed;
  for (std::uint32_t j = 1; j < kWords; ++j) {
    words[j] = 1812433253u * (words[j - 1] ^ (words[j - 1] >> 30)) + j;
  }
}

void Mt19937::refill() {
  detail::mt19937_kernels().regenerate(words.data());
  left = kWords;
  next = 0;
}

void Mt19937::fill(std::span<std::uint32_t> out) {
  const auto temper_all = detail::mt19937_kernels().temper;
  while (!out.empty()) {
    const auto raw = take(out.size());
    temper_all(raw.data(), out.data(), raw.size());
    out = out.subspan(raw.size());
  }
}

void Mt19937::discard(std::uint64_t n) {
  while (n != 0) n -= take(static_cast<std::size_t>(std::min<std::uint64_t>(n, kWords))).size();
}

}  // namespace ballast
