// Sums over channels: tensors read as [n, channels, rest]. Not installed.
#pragma once

#include <array>
#include <cstdint>

#include "ballast/core/tensor.h"

namespace ballast::detail {

/// The sum of f(i) for i in [0, n), which are of type T: in many lanes, so that the compiler can use
/// vectors.
template <class T, class F>
[[nodiscard]] T sum_in_lanes(std::int64_t n, const F& f) {
  constexpr std::int64_t kLanes = 16;
  std::array<T, kLanes> lane{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::int64_t k = 0; k < kLanes; ++k) lane[static_cast<std::size_t>(k)] += f(i + k);
  }
  for (std::int64_t k = 0; i < n; ++i, ++k) lane[static_cast<std::size_t>(k)] += f(i);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) lane[k] += lane[k + half];
  }
  return lane[0];
}

/// A long sum is made of pieces of this length, added in double.
inline constexpr std::int64_t kSumPiece = 1024;
template <class T, class F>
[[nodiscard]] double long_sum(std::int64_t n, const F& f) {
  double total = 0;
  for (std::int64_t at = 0; at < n; at += kSumPiece) {
    total += static_cast<double>(
        sum_in_lanes<T>(std::min(kSumPiece, n - at), [&](std::int64_t i) { return f(at + i); }));
  }
  return total;
}

/// The sum of each channel (dimension 1) of `t`, as a vector. Can be differentiated.
[[nodiscard]] Tensor sum_of_channels(const Tensor& t);

}  // namespace ballast::detail
