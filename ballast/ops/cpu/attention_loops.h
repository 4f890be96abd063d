// The loops of attention_kernels.h over the lanes of one instruction set (float_lanes.h). Everything here has
// internal linkage.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "ballast/ops/cpu/attention_kernels.h"
#include "ballast/ops/cpu/float_lanes.h"

namespace ballast::detail {
namespace {

/// A sum whose bits do not depend on the number of lanes: term k is added to partial sum k % 16, and these by
/// halves.
template <class L, class F>
inline typename L::Number sum_of(std::int64_t n, const F& term) {
  using T = typename L::Number;
  using Float = typename L::Float;
  constexpr std::int64_t kPartial = 16;
  constexpr std::int64_t kLanes = sizeof(Float) / sizeof(T);
  Float wide[kPartial / kLanes];
  for (Float& w : wide) w = L::all(0);
  std::int64_t k = 0;
  for (; k + kPartial <= n; k += kPartial) {
    for (std::int64_t v = 0; v < kPartial / kLanes; ++v) wide[v] += term(L(), k + v * kLanes);
  }
  T partial[kPartial];
  std::memcpy(partial, wide, sizeof(partial));
  for (std::int64_t i = 0; k + i < n; ++i) partial[i] += term(typename L::One(), k + i);
  for (std::int64_t half = kPartial / 2; half > 0; half /= 2) {
    for (std::int64_t i = 0; i < half; ++i) partial[i] += partial[i + half];
  }
  return partial[0];
}

template <class L>
inline typename L::Number largest_of(const typename L::Number* row, std::int64_t n) {
  using T = typename L::Number;
  using Float = typename L::Float;
  constexpr std::int64_t kLanes = sizeof(Float) / sizeof(T);
  T best = -std::numeric_limits<T>::infinity();
  std::int64_t k = 0;
  if constexpr (kLanes > 1) {
    Float wide = L::all(best);
    for (; k + kLanes <= n; k += kLanes) {
      const Float x = load_at<Float>(row + k);
      wide = x > wide ? x : wide;
    }
    T lanes[kLanes];
    std::memcpy(lanes, &wide, sizeof(lanes));
    for (const T x : lanes) best = x > best ? x : best;
  }
  for (; k < n; ++k) best = row[k] > best ? row[k] : best;
  return best;
}

template <class L>
void softmax_row(typename L::Number* row, const typename L::Number* bias, std::int64_t n, std::int64_t valid,
                 typename L::Number scale, bool empty_is_zero) {
  using T = typename L::Number;
  over_lanes<L>(valid, [&]<class V>(V, std::int64_t k) {
    using Float = typename V::Float;
    Float x = load_at<Float>(row + k) * V::all(scale);
    if (bias != nullptr) x += load_at<Float>(bias + k);
    store_at(row + k, x);
  });
  for (std::int64_t k = valid; k < n; ++k) row[k] = 0;
  const T best = largest_of<L>(row, valid);
  T shift = best;
  if (best == -std::numeric_limits<T>::infinity()) {
    // All are masked (or not a number, which the sum will show).
    shift = 0;
  }
  over_lanes<L>(valid, [&]<class V>(V, std::int64_t k) {
    store_at(row + k, V::exp_below_zero(load_at<typename V::Float>(row + k) - V::all(shift)));
  });
  const T sum =
      sum_of<L>(valid, [&]<class V>(V, std::int64_t k) { return load_at<typename V::Float>(row + k); });
  if (sum == 0 && empty_is_zero) return;
  const T factor = T(1) / sum;
  over_lanes<L>(valid, [&]<class V>(V, std::int64_t k) {
    using Float = typename V::Float;
    store_at(row + k, Float(load_at<Float>(row + k) * V::all(factor)));
  });
  if (sum == 0) {
    for (std::int64_t k = 0; k < n; ++k) row[k] = std::numeric_limits<T>::quiet_NaN();
  }
}

template <class L>
void softmax_backward_row(typename L::Number* grad, const typename L::Number* weights, std::int64_t n) {
  using T = typename L::Number;
  const T sum = sum_of<L>(n, [&]<class V>(V, std::int64_t k) {
    using Float = typename V::Float;
    return Float(load_at<Float>(grad + k) * load_at<Float>(weights + k));
  });
  over_lanes<L>(n, [&]<class V>(V, std::int64_t k) {
    using Float = typename V::Float;
    store_at(grad + k, Float(load_at<Float>(weights + k) * (load_at<Float>(grad + k) - V::all(sum))));
  });
}

template <class L>
inline constexpr AttentionKernels<typename L::Number> kAttentionLoops{softmax_row<L>,
                                                                      softmax_backward_row<L>};

}  // namespace
}  // namespace ballast::detail
