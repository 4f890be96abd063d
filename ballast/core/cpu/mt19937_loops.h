// The loops of MT19937 as plain code over W words at once, compiled once per instruction set. `Words` is one word or a
// GCC vector of words. Everything here has internal linkage: a file built for AVX-512 must not lend its code to others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ballast::detail {
namespace {

template <class Words>
inline Words load_words(const std::uint32_t* p) {
  Words w;
  std::memcpy(&w, p, sizeof(Words));
  return w;
}

template <class Words>
inline void store_words(std::uint32_t* p, Words w) {
  std::memcpy(p, &w, sizeof(Words));
}

template <class Words>
inline Words temper_words(Words y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  return y ^ (y >> 18);
}

/// words[i] from words[i], words[i + 1] and the word 397 ahead (which may be 227 behind).
template <class Words>
inline void step(std::uint32_t* words, int i, int ahead) {
  const Words here = load_words<Words>(words + i);
  const Words after = load_words<Words>(words + i + 1);
  const Words y = (here & 0x80000000u) | (after & 0x7FFFFFFFu);
  // All ones where the lowest bit is set: 0 - (y & 1).
  const Words odd = (y ^ y) - (y & 1u);
  store_words<Words>(words + i, load_words<Words>(words + i + ahead) ^ (y >> 1) ^ (odd & 0x9908B0DFu));
}

template <class Words>
inline void step_range(std::uint32_t* words, int begin, int end, int ahead) {
  constexpr int kLanes = sizeof(Words) / sizeof(std::uint32_t);
  int i = begin;
  for (; i + kLanes <= end; i += kLanes) step<Words>(words, i, ahead);
  for (; i < end; ++i) step<std::uint32_t>(words, i, ahead);
}

template <class Words>
void regenerate_words(std::uint32_t* words) {
  constexpr int kN = 624;
  constexpr int kM = 397;
  step_range<Words>(words, 0, kN - kM, kM);
  step_range<Words>(words, kN - kM, kN - 1, kM - kN);
  const std::uint32_t y = (words[kN - 1] & 0x80000000u) | (words[0] & 0x7FFFFFFFu);
  words[kN - 1] = words[kM - 1] ^ (y >> 1) ^ ((0u - (y & 1u)) & 0x9908B0DFu);
}

template <class Words>
void temper_range(const std::uint32_t* raw, std::uint32_t* out, std::size_t n) {
  constexpr std::size_t kLanes = sizeof(Words) / sizeof(std::uint32_t);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store_words(out + i, temper_words(load_words<Words>(raw + i)));
  for (; i < n; ++i) out[i] = temper_words(raw[i]);
}

}  // namespace
}  // namespace ballast::detail
