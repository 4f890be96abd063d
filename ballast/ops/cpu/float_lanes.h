// Functions of floats over the lanes of one instruction set, with the same bits in each. `F` gives F::Float
// (one number or a GCC vector of them), F::Word (as many 32-bit words), F::all and F::fma; FloatLanes<F> is
// what loops are written with:
//
//   over_lanes<L>(n, [&]<class V>(V, std::int64_t k) {
//     store_at(to + k, V::tanh(load_at<typename V::Float>(from + k)));
//   });
//
// exp and tanh are polynomials (fitted by Remez's exchange, to 3e-9 and 6e-9) around Cody & Waite's
// reduction: within 2 units in the last place. Everything here has internal linkage: a file built for AVX-512
// must not lend its code to others.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace ballast::detail {
namespace {

template <class V, class T>
inline V load_at(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof(V));
  return v;
}
template <class V, class T>
inline void store_at(T* p, const V& v) {
  std::memcpy(p, &v, sizeof(V));
}
template <class To, class From>
inline To same_bits(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}

/// exp(x) of floats; x beyond what a float holds is taken as its limit, NaN stays.
template <class F>
inline typename F::Float exp_lanes(typename F::Float x) {
  using Float = typename F::Float;
  using Word = typename F::Word;
  constexpr float kRounder =
      12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number, found in the low bits
  x = x < F::all(-87.0f) ? F::all(-87.0f) : x;
  x = x > F::all(88.0f) ? F::all(88.0f) : x;
  const Float shifted = F::fma(x, F::all(1.44269504088896341f), F::all(kRounder));
  const Float n = shifted - F::all(kRounder);
  Float r = F::fma(n, F::all(-0.693359375f), x);
  r = F::fma(n, F::all(2.12194440e-4f), r);
  Float q = F::all(0.00138146137543f);
  q = F::fma(q, r, F::all(0.00836871002317f));
  q = F::fma(q, r, F::all(0.0416683873666f));
  q = F::fma(q, r, F::all(0.166665206882f));
  q = F::fma(q, r, F::all(0.499999934516f));
  const Float p = F::fma(q, r * r, r) + F::all(1.0f);
  // n is in the low bits of `shifted`; shifted up it is added to the exponent.
  const Word power = (same_bits<Word>(shifted) - 0x4B400000u) << 23;
  return same_bits<Float>(same_bits<Word>(p) + power);
}

template <class F>
inline typename F::Float sigmoid_lanes(typename F::Float x) {
  return F::all(1.0f) / (F::all(1.0f) + exp_lanes<F>(-x));
}

template <class F>
inline typename F::Float tanh_lanes(typename F::Float x) {
  using Float = typename F::Float;
  const Float square = x * x;
  Float q = F::all(-0.00554312155875f);
  q = F::fma(q, square, F::all(0.0204966449476f));
  q = F::fma(q, square, F::all(-0.0536971382612f));
  q = F::fma(q, square, F::all(0.133309502946f));
  q = F::fma(q, square, F::all(-0.333332647421f));
  const Float near = F::fma(q * square, x, x);
  // From exp(-2|x|), which does not overflow: (1 - e) / (1 + e) with the sign of x.
  const Float size = x < F::all(0.0f) ? -x : x;
  const Float e = exp_lanes<F>(F::all(-2.0f) * size);
  const Float far_size = (F::all(1.0f) - e) / (F::all(1.0f) + e);
  const Float far = x < F::all(0.0f) ? -far_size : far_size;
  return square < F::all(0.41f) ? near : far;
}

struct OneFloat {
  using Float = float;
  using Word = std::uint32_t;
  static float all(float x) { return x; }
  static float fma(float a, float b, float c) { return std::fma(a, b, c); }
};

/// The functions of float lanes, for a type of lanes.
template <class F>
struct FloatLanes {
  using Number = float;
  using Float = typename F::Float;
  using One = FloatLanes<OneFloat>;  ///< the same of a single number
  static Float all(float x) { return F::all(x); }
  /// exp(x) for x <= 0; 0 from -87 down, so of minus infinity too.
  static Float exp_below_zero(Float x) { return x < all(-87.0f) ? all(0.0f) : exp_lanes<F>(x); }
  static Float sigmoid(Float x) { return sigmoid_lanes<F>(x); }
  static Float tanh(Float x) { return tanh_lanes<F>(x); }
};

/// f(V(), k) for k = 0 and on up to n, with V = L as long as all its lanes are within n, then with V =
/// L::One.
template <class L, class F>
inline void over_lanes(std::int64_t n, const F& f) {
  constexpr std::int64_t kLanes = sizeof(typename L::Float) / sizeof(typename L::Number);
  std::int64_t k = 0;
  for (; k + kLanes <= n; k += kLanes) f(L(), k);
  if constexpr (kLanes > 1) {
    for (; k < n; ++k) f(typename L::One(), k);
  }
}

/// One double, computed by the C library.
struct OneDouble {
  using Number = double;
  using Float = double;
  using One = OneDouble;
  static double all(double x) { return x; }
  static double exp_below_zero(double x) { return std::exp(x); }
  static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
  static double tanh(double x) { return std::tanh(x); }
};

}  // namespace
}  // namespace ballast::detail
