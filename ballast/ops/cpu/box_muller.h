// Uniform and normal floats over the lanes of one instruction set. `L` gives their number, its types and the operations
// that the language does not write: L::kLanes, L::Float, L::Int, L::Word (32 bits a lane), L::fma, L::sqrt, L::to_float,
// L::truncate.
//
// log and sin/cos are the single-precision polynomials of Cephes (S. L. Moshier, netlib.org/cephes), fused exactly where
// PyTorch's are: docs/rng.md promises those bits. Everything here has internal linkage: a file built for AVX-512 must not
// lend its code to others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ballast::detail {
namespace {

template <class To, class From>
inline To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}

template <class T>
inline T load_lanes(const void* p) {
  T v;
  std::memcpy(&v, p, sizeof(T));
  return v;
}

template <class T>
inline void store_lanes(void* p, const T& v) {
  std::memcpy(p, &v, sizeof(T));
}

template <class L>
inline typename L::Float uniform_lanes(typename L::Word y, float low, float width, float high) {
  using Float = typename L::Float;
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  y ^= y >> 18;
  const Float u = L::to_float(bits_as<typename L::Int>(y & 0xFFFFFFu)) * 0x1p-24f;
  const Float v = L::fma(u, L::all(width), L::all(low));
  return v == L::all(high) ? L::all(low) : v;
}

/// ln(u) for 2^-24 <= u <= 1.
template <class L>
inline typename L::Float log_lanes(typename L::Float u) {
  using Float = typename L::Float;
  using Int = typename L::Int;
  using Word = typename L::Word;
  const Word bits = bits_as<Word>(u);
  Float e = L::to_float(bits_as<Int>(bits >> 23) - 126);
  Float x = bits_as<Float>((bits & 0x007FFFFFu) | 0x3F000000u);
  const auto below = x < L::all(0.707106781186547524f);
  e = below ? e - 1.0f : e;
  x = (x - 1.0f) + (below ? x : L::all(0.0f));
  const Float z = x * x;
  Float y = L::all(7.0376836292e-2f);
  y = L::fma(y, x, L::all(-1.1514610310e-1f));
  y = L::fma(y, x, L::all(1.1676998740e-1f));
  y = L::fma(y, x, L::all(-1.2420140846e-1f));
  y = L::fma(y, x, L::all(1.4249322787e-1f));
  y = L::fma(y, x, L::all(-1.6668057665e-1f));
  y = L::fma(y, x, L::all(2.0000714765e-1f));
  y = L::fma(y, x, L::all(-2.4999993993e-1f));
  y = L::fma(y, x, L::all(3.3333331174e-1f));
  y = y * x;
  y = L::fma(y, z, e * -2.12194440e-4f);
  y = L::fma(-z, L::all(0.5f), y);
  return L::fma(e, L::all(0.693359375f), x + y);
}

/// sin(t) and cos(t) for 0 <= t <= 2 pi.
template <class L>
inline void sincos_lanes(typename L::Float t, typename L::Float& sine, typename L::Float& cosine) {
  using Float = typename L::Float;
  using Int = typename L::Int;
  using Word = typename L::Word;
  Int j = L::truncate(t * 1.27323954473516f);
  j = (j + 1) & ~1;
  const Float f = L::to_float(j);
  Float x = L::fma(f, L::all(-0.78515625f), t);
  x = L::fma(f, L::all(-2.4187564849853515625e-4f), x);
  x = L::fma(f, L::all(-3.77489497744594108e-8f), x);
  const Float z = x * x;
  Float p = L::fma(L::all(2.443315711809948e-5f), z, L::all(-1.388731625493765e-3f));
  p = L::fma(p, z, L::all(4.166664568298827e-2f));
  p = p * z;
  p = L::fma(p, z, -(z * 0.5f));
  p = p + 1.0f;
  Float q = L::fma(L::all(-1.9515295891e-4f), z, L::all(8.3321608736e-3f));
  q = L::fma(q, z, L::all(-1.6666654611e-1f));
  q = q * z;
  q = L::fma(q, x, x);
  const auto straight = (j & 2) == 0;
  const Word sine_sign = (bits_as<Word>(j) & 4u) << 29;
  const Word cosine_sign = (~bits_as<Word>(j - 2) & 4u) << 29;
  sine = bits_as<Float>(bits_as<Word>(straight ? q : p) ^ sine_sign);
  cosine = bits_as<Float>(bits_as<Word>(straight ? p : q) ^ cosine_sign);
}

/// A pair of uniforms in [0, 1) becomes a pair of normals.
template <class L>
inline void box_muller_lanes(typename L::Float& a, typename L::Float& b, float mean, float std) {
  using Float = typename L::Float;
  const Float radius = L::sqrt(log_lanes<L>(1.0f - a) * -2.0f);
  Float sine;
  Float cosine;
  sincos_lanes<L>(b * 6.283185307179586f, sine, cosine);
  a = L::fma(radius * cosine, L::all(std), L::all(mean));
  b = L::fma(radius * sine, L::all(std), L::all(mean));
}

template <class L>
void uniform_range(const std::uint32_t* raw, float* out, std::size_t n, float low, float width, float high) {
  constexpr std::size_t kLanes = L::kLanes;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store_lanes(out + i, uniform_lanes<L>(load_lanes<typename L::Word>(raw + i), low, width, high));
  }
  if (i == n) return;
  // The rest through a full register.
  std::uint32_t words[kLanes] = {};
  std::memcpy(words, raw + i, (n - i) * sizeof(float));
  float values[kLanes];
  store_lanes(values, uniform_lanes<L>(load_lanes<typename L::Word>(words), low, width, high));
  std::memcpy(out + i, values, (n - i) * sizeof(float));
}

}  // namespace
}  // namespace ballast::detail
