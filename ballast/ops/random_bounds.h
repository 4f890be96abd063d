// The bounds of uniform_. Internal to ops/random_*.cpp.
#pragma once

#include <cmath>
#include <cstdint>

#include "ballast/core/mt19937.h"
#include "ballast/ops/random_draws.h"

namespace ballast::detail {

/// Throws ValueError with PyTorch's text unless [from, to] is an interval that uniform_ can draw a T from.
template <class T>
void check_uniform_bounds(double from, double to);

/// An element of uniform_(from, to) for given words. 16-bit types keep their bounds in float until the result is rounded.
template <class T>
struct UniformBounds {
  using Real = Compute<T>;
  Real low, width, high;
  T low_element, high_element;

  UniformBounds(double from, double to)
      : low(static_cast<Real>(from)),
        width(static_cast<Real>(to) - low),
        high(static_cast<Real>(to)),
        low_element(static_cast<T>(low)),
        high_element(static_cast<T>(high)) {}

  T operator()(const std::uint32_t* words) const {
    Real u;
    if constexpr (std::is_same_v<T, double>) {
      u = u53(words);
    } else {
      u = u24(words[0]);
    }
    const T v = static_cast<T>(std::fma(u, width, low));
    return v == high_element ? low_element : v;
  }
};

/// n floats of uniform_ from the engine.
void fill_uniform(Mt19937& engine, float* out, std::int64_t n, UniformBounds<float> bounds);

}  // namespace ballast::detail
