// The samplers of ballast/ops/random.h written again as plainly as can be: one number after the other, no vectors, no
// threads, the words from std::mt19937. What the fast ones must equal bit for bit (docs/rng.md).
//
//   SlowGenerator slow(42);
//   std::vector<float> u = slow_uniform<float>(slow, 1000, -1, 1);
//
// Values come in the order in which they are drawn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "ballast/core/convert_element.h"

namespace ballast::testing {

class SlowGenerator {
 public:
  explicit SlowGenerator(std::uint32_t seed) : engine_(seed) {}

  std::uint32_t word() { return static_cast<std::uint32_t>(engine_()); }
  float u24() { return std::ldexp(static_cast<float>(word() % (1U << 24)), -24); }
  double u53() {
    const std::uint64_t high = word();
    return std::ldexp(static_cast<double>((high << 32 | word()) % (std::uint64_t{1} << 53)), -53);
  }
  /// Box & Muller in double; the second value of a pair is kept for the next call.
  double normal();

 private:
  std::mt19937 engine_;
  std::optional<double> kept_;
};

/// Sixteen uniforms become sixteen normals.
void box_muller(float* x, float mean, float std);

/// What a sampler of T computes in.
template <class T>
using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class T>
Real<T> uniform_in(SlowGenerator& g) {
  if constexpr (std::is_same_v<T, double>) {
    return g.u53();
  } else {
    return g.u24();
  }
}

template <class T>
T slow_uniform_one(SlowGenerator& g, double from, double to) {
  const auto low = static_cast<Real<T>>(from);
  const auto width = static_cast<Real<T>>(to) - low;
  const auto value = convert_element<T>(std::fma(uniform_in<T>(g), width, low));
  const auto high = convert_element<T>(static_cast<Real<T>>(to));
  return static_cast<Real<T>>(value) == static_cast<Real<T>>(high) ? convert_element<T>(low) : value;
}

template <class T>
std::vector<T> slow_uniform(SlowGenerator& g, std::size_t n, double from, double to) {
  std::vector<T> out(n);
  for (T& x : out) x = slow_uniform_one<T>(g, from, to);
  return out;
}

/// Sixteen normals.
template <class T>
void slow_normal_block(SlowGenerator& g, T* x, double mean, double std) {
  if constexpr (std::is_same_v<T, double>) {
    for (int k = 0; k < 16; ++k) x[k] = g.u53();
    for (int k = 0; k < 8; ++k) {
      const double radius = std::sqrt(-2 * std::log(1 - x[k]));
      const double angle = 6.283185307179586 * x[k + 8];
      x[k] = std::fma(radius * std::cos(angle), std, mean);
      x[k + 8] = std::fma(radius * std::sin(angle), std, mean);
    }
  } else {
    float block[16];
    for (float& u : block) u = g.u24();
    box_muller(block, static_cast<float>(mean), static_cast<float>(std));
    for (int k = 0; k < 16; ++k) x[k] = convert_element<T>(block[k]);
  }
}

/// normal_ of a tensor that is contiguous (`blocks`; short ones are serial all the same) or not.
template <class T>
std::vector<T> slow_normal(SlowGenerator& g, std::size_t n, double mean, double std, bool blocks) {
  std::vector<T> out(n);
  if (!blocks || n < 16) {
    for (T& x : out) x = convert_element<T>(std::fma(g.normal(), std, mean));
    return out;
  }
  std::size_t at = 0;
  for (; at + 16 <= n; at += 16) slow_normal_block(g, &out[at], mean, std);
  if (at == n) return out;
  if constexpr (sizeof(T) > 2) {  // float and double draw the rest too, before it is drawn over
    for (; at < n; ++at) static_cast<void>(uniform_in<T>(g));
  }
  slow_normal_block(g, &out[n - 16], mean, std);
  return out;
}

/// Whether normals are drawn until they fall inside, rather than uniforms kept with their density.
bool draws_until_inside(double mean, double std, double a, double b);

/// trunc_normal_fill; the tensors of later rounds are filled in blocks if `later_blocks`, the first if `blocks`.
template <class T>
std::vector<T> slow_trunc_normal(SlowGenerator& g, std::size_t n, double mean, double std, double a, double b,
                                 bool blocks, bool later_blocks) {
  if (draws_until_inside(mean, std, a, b)) {
    const auto low = static_cast<Real<T>>(convert_element<T>(a));
    const auto high = static_cast<Real<T>>(convert_element<T>(b));
    const auto outside = [&](T x) { return static_cast<Real<T>>(x) < low || static_cast<Real<T>>(x) > high; };
    std::vector<T> out = slow_normal<T>(g, n, mean, std, blocks);
    while (std::any_of(out.begin(), out.end(), outside)) {
      const std::vector<T> fresh = slow_normal<T>(g, n, mean, std, later_blocks);
      for (std::size_t i = 0; i < n; ++i) {
        if (outside(out[i])) out[i] = fresh[i];
      }
    }
    return out;
  }
  // Every step is rounded to T; numbers that are subtracted are rounded first.
  const auto rounded = [](Real<T> x) { return static_cast<Real<T>>(convert_element<T>(x)); };
  const auto number = [&](double x) { return rounded(static_cast<Real<T>>(x)); };
  const double mode = mean < a ? a : mean > b ? b : mean;
  const double off = (mode - mean) / std;
  const double log_peak = -0.5 * (off * off);
  std::vector<T> out(n);
  std::vector<bool> pending(n, true);
  while (std::find(pending.begin(), pending.end(), true) != pending.end()) {
    const std::vector<T> candidates = slow_uniform<T>(g, n, a, b);
    const std::vector<T> deciders = slow_uniform<T>(g, n, 0, 1);
    for (std::size_t i = 0; i < n; ++i) {
      if (!pending[i]) continue;
      out[i] = candidates[i];
      Real<T> y = rounded(static_cast<Real<T>>(out[i]) - number(mean));
      y = rounded(y / static_cast<Real<T>>(std));
      y = rounded(y * y);
      y = rounded(y * Real<T>(-0.5));
      y = rounded(y - number(log_peak));
      const auto log =
          rounded(static_cast<Real<T>>(std::log(static_cast<double>(static_cast<Real<T>>(deciders[i])))));
      pending[i] = log > y;
    }
  }
  return out;
}

}  // namespace ballast::testing
