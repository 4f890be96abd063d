// exp, log, tanh, erfc and their like, one element at a time and without branches, so that a compiler makes vector loops of
// them. Internal.
//
// The bits are the same on every machine and with every instruction set: sums and products are rounded one by one (no
// fused ones, -ffp-contract=off), and nothing comes from the system's mathematics. Errors are about 1 unit in the last
// place for exp, expm1 and log, 2 to 3 for what is made from them. Everything has internal linkage: a file built for
// AVX-512 must not lend its code to others.
//
// Methods: reduction modulo ln 2 in two parts (Cody & Waite 1980) and a Taylor polynomial; log by the series of artanh;
// erfc(z) exp(z^2) as a polynomial in a ratio of z (interpolated at Chebyshev's points).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ballast::detail {
namespace {

template <class T>
struct FloatFormat;
template <>
struct FloatFormat<float> {
  using Bits = std::uint32_t;
  static constexpr int kMantissa = 23;
  static constexpr Bits kBias = 127;
  static constexpr float kTwoToMantissa = 0x1p23f;
  static constexpr float kRounder = 0x1.8p23f;  // x + this - this is x rounded to a whole number
  static constexpr float kLn2High = 0x1.62ep-1f, kLn2Low = 0x1.0bfbe8p-15f;
  static constexpr float kMostExp = 89, kLeastExp = -104;  // beyond: infinity and zero
};
template <>
struct FloatFormat<double> {
  using Bits = std::uint64_t;
  static constexpr int kMantissa = 52;
  static constexpr Bits kBias = 1023;
  static constexpr double kTwoToMantissa = 0x1p52;
  static constexpr double kRounder = 0x1.8p52;
  static constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kMostExp = 710, kLeastExp = -746;
};

template <class T, std::size_t N>
inline T polynomial(const T (&highest_first)[N], T x) {
  T y = highest_first[0];
#pragma GCC unroll 32
  for (std::size_t i = 1; i < N; ++i) y = y * x + highest_first[i];
  return y;
}

/// 2^n for n as its bits, -1022 (-126) to 1023 (127).
template <class T>
inline T power_of_two(typename FloatFormat<T>::Bits n) {
  using Format = FloatFormat<T>;
  return std::bit_cast<T>((n + Format::kBias) << Format::kMantissa);
}

/// exp(x) = 2^n (1 + rest).
template <class T>
struct ReducedExp {
  T rest;
  typename FloatFormat<T>::Bits n;  // negative numbers as their two's complement
};
template <class T>
inline ReducedExp<T> reduce_exp(T x) {
  using Format = FloatFormat<T>;
  const T shifted = x * static_cast<T>(1.44269504088896340736) + Format::kRounder;
  const T n = shifted - Format::kRounder;
  const T r = (x - n * Format::kLn2High) - n * Format::kLn2Low;
  const auto count =
      std::bit_cast<typename Format::Bits>(shifted) - std::bit_cast<typename Format::Bits>(Format::kRounder);
  if constexpr (sizeof(T) == 4) {
    constexpr float kTerms[] = {1.F / 5040, 1.F / 720, 1.F / 120, 1.F / 24, 1.F / 6, 0.5F};
    return {r + r * r * polynomial(kTerms, r), count};
  } else {
    constexpr double kTerms[] = {1. / 6227020800, 1. / 479001600, 1. / 39916800, 1. / 3628800,
                                 1. / 362880,     1. / 40320,     1. / 5040,     1. / 720,
                                 1. / 120,        1. / 24,        1. / 6,        0.5};
    return {r + r * r * polynomial(kTerms, r), count};
  }
}

template <class T>
inline T exp_of(T x) {
  using Format = FloatFormat<T>;
  x = x > Format::kMostExp ? Format::kMostExp : x;
  x = x < Format::kLeastExp ? Format::kLeastExp : x;
  const ReducedExp<T> e = reduce_exp(x);
  // In two steps: 2^n may lie outside the format where the result does not.
  constexpr auto kSign = static_cast<typename Format::Bits>(1) << (sizeof(T) * 8 - 1);
  const auto half = (e.n >> 1) | (e.n & kSign);
  return (1 + e.rest) * power_of_two<T>(half) * power_of_two<T>(e.n - half);
}

/// exp(x) - 1, without loss where x is small; infinite from 88 (float) or 709 on.
template <class T>
inline T expm1_of(T x) {
  constexpr T kLeast = -40;
  constexpr T kMost = FloatFormat<T>::kMostExp - 1;
  x = x < kLeast ? kLeast : x;
  const ReducedExp<T> e = reduce_exp(x);
  const T scale = power_of_two<T>(e.n);
  return x >= kMost ? std::numeric_limits<T>::infinity() : e.rest * scale + (scale - 1);
}

/// 2 artanh(s) for |s| <= 0.172.
template <class T>
inline T twice_artanh(T s) {
  const T z = s * s;
  if constexpr (sizeof(T) == 4) {
    constexpr float kTerms[] = {2.F / 11, 2.F / 9, 2.F / 7, 2.F / 5, 2.F / 3};
    return s * 2 + s * (z * polynomial(kTerms, z));
  } else {
    constexpr double kTerms[] = {2. / 23, 2. / 21, 2. / 19, 2. / 17, 2. / 15, 2. / 13,
                                 2. / 11, 2. / 9,  2. / 7,  2. / 5,  2. / 3};
    return s * 2 + s * (z * polynomial(kTerms, z));
  }
}

constexpr double kLn2 = 0.69314718055994530942;

/// log(1 + u) for 0 <= u <= 1, without loss where u is small.
template <class T>
inline T log1p_of_unit(T u) {
  const bool large = u > static_cast<T>(0.41421356237309504880);
  const T above = large ? u - 1 : u;
  const T below = large ? u + 3 : u + 2;
  return (large ? static_cast<T>(kLn2) : T{0}) + twice_artanh(above / below);
}

/// log(x); -infinity for 0, NaN below.
template <class T>
inline T log_of(T x) {
  using Format = FloatFormat<T>;
  using Bits = typename Format::Bits;
  constexpr T kLeastNormal = std::numeric_limits<T>::min();
  constexpr Bits kMantissaBits = (Bits{1} << Format::kMantissa) - 1;
  const bool tiny = x < kLeastNormal;
  const T normal = tiny ? x * Format::kTwoToMantissa : x;  // times 2^mantissa
  const Bits bits = std::bit_cast<Bits>(normal);
  T m = std::bit_cast<T>((bits & kMantissaBits) | (Format::kBias << Format::kMantissa));
  const bool large = m > static_cast<T>(1.41421356237309504880);
  m = large ? m * T(0.5) : m;
  // The exponent as a number, by way of the rounder's last bits.
  const T exponent = std::bit_cast<T>((bits >> Format::kMantissa) + std::bit_cast<Bits>(Format::kRounder)) -
                     Format::kRounder;
  const T e = (exponent - static_cast<T>(Format::kBias)) + (large ? T{1} : T{0}) -
              (tiny ? static_cast<T>(Format::kMantissa) : T{0});
  const T y = e * Format::kLn2High + (e * Format::kLn2Low + twice_artanh((m - 1) / (m + 1)));
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const T at_ends = x == 0 ? -kInfinity : x == kInfinity ? kInfinity : std::numeric_limits<T>::quiet_NaN();
  return x > 0 && x < kInfinity ? y : at_ends;
}

template <class T>
inline T sigmoid_of(T x) {
  return 1 / (1 + exp_of(-x));
}

template <class T>
inline T tanh_of(T x) {
  constexpr T kFlat = sizeof(T) == 4 ? 10 : 20;  // 1 from here on
  const T magnitude = std::abs(x);
  const T t = expm1_of(2 * (magnitude > kFlat ? kFlat : magnitude));
  return std::copysign(t / (t + 2), x);
}

/// log(1 + exp(x)).
template <class T>
inline T softplus_of(T x) {
  return (x > 0 ? x : (x == x ? T{0} : x)) + log1p_of_unit(exp_of(-std::abs(x)));
}

/// erfc(z) exp(z^2) for z >= 0.
template <class T>
inline T scaled_erfc(T z) {
  if constexpr (sizeof(T) == 4) {
    constexpr float kTerms[] = {2.3468418413e-5F,   7.026003744e-5F,  -0.00017143787262F, -0.00099101088102F,
                                -0.00040889622317F, 0.0089338221569F, 0.039843419388F,    0.10349059458F,
                                0.19674274442F,     0.29446474287F,   0.35800230236F};
    const float t = 3 / (3 + z);
    return t * polynomial(kTerms, 2 * t - 1);
  } else {
    constexpr double kTerms[] = {
        3.13042307052945504e-10,   -6.617942512486172994e-11, -3.880515697903128011e-9,
        -2.069121903405474478e-10, 3.077901855639742908e-8,   1.899440218726525237e-8,
        -2.111103784628306737e-7,  -3.562393200959624981e-7,  1.173260949829166609e-6,
        4.715370444493941061e-6,   -9.086395093590861703e-7,  -0.00004420327118929923513,
        -0.0001137632123762233323, 0.00007023973429864022336, 0.001528013920528801156,
        0.00659251333223748609,    0.01909537872675215945,    0.04350273431022892283,
        0.08271289696952584815,    0.1352134578282991304,     0.1933021755663090081,
        0.2441371822702206098,     0.2739989152501227798};
    const double t = 4 / (4 + z);
    return t * polynomial(kTerms, 2 * t - 1);
  }
}

/// The distribution function and the density of the standard normal.
template <class T>
struct Normal {
  T below, density;
};
template <class T>
inline Normal<T> normal_of(T x) {
  const T magnitude = std::abs(x);
  const T e = exp_of(T(-0.5) * x * x);
  const T tail = T(0.5) * e * scaled_erfc(magnitude * static_cast<T>(0.70710678118654752440));
  return {x < 0 ? tail : 1 - tail, e * static_cast<T>(0.39894228040143267794)};
}

}  // namespace
}  // namespace ballast::detail
