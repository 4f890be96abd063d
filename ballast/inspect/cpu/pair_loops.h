// One pass over two runs of numbers. Included once by each file that is built for a level. Internal.
#pragma once

#include "ballast/inspect/cpu/see_loops.h"

namespace ballast::inspect::detail {
namespace {

/// Whether a block holds a NaN or an infinity.
template <class T>
inline bool has_others(const std::byte* p, std::int64_t n) {
  typename Bits<T>::Signed largest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto bits = Bits<T>::at(p + i * static_cast<std::int64_t>(sizeof(T))) & Bits<T>::kMagnitude;
    largest = bits > largest ? bits : largest;
  }
  return largest >= Bits<T>::kInfinity;
}

template <class T>
inline void see_finite_pairs(const std::byte* a, const std::byte* b, std::int64_t n,
                             const Tolerance& tolerance, SeenPairs& seen) {
  constexpr std::size_t kStep = kDoubles * sizeof(T);
  Lanes difference(seen.difference_squares.data()), a_squares(seen.a_squares.data());
  Lanes b_squares(seen.b_squares.data()), products(seen.products.data());
  DoubleRegister max_abs{};
  LongRegister changed{}, outside{};
  const double rtol = tolerance.rtol, atol = tolerance.atol;
  const auto group = [&](const std::byte* from_a, const std::byte* from_b) {
    for (std::size_t k = 0; k < kParts; ++k) {
      const DoubleRegister x = load_doubles<T>(from_a + k * kStep);
      const DoubleRegister y = load_doubles<T>(from_b + k * kStep);
      const DoubleRegister d = x - y;
      const DoubleRegister size = magnitude(d);
      max_abs = size > max_abs ? size : max_abs;
      changed -= x != y;
      outside -= size > magnitude(y) * rtol + atol;
      difference.part[k] += d * d;
      a_squares.part[k] += x * x;
      b_squares.part[k] += y * y;
      products.part[k] += x * y;
    }
  };
  constexpr auto kGroupBytes = kLanes * static_cast<std::int64_t>(sizeof(T));
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) group(a + i / kLanes * kGroupBytes, b + i / kLanes * kGroupBytes);
  if (i < n) {
    T rest_a[kLanes] = {}, rest_b[kLanes] = {};
    const auto bytes = static_cast<std::size_t>(n - i) * sizeof(T);
    std::memcpy(rest_a, a + i / kLanes * kGroupBytes, bytes);
    std::memcpy(rest_b, b + i / kLanes * kGroupBytes, bytes);
    group(reinterpret_cast<const std::byte*>(rest_a), reinterpret_cast<const std::byte*>(rest_b));
  }
  difference.store(seen.difference_squares.data());
  a_squares.store(seen.a_squares.data());
  b_squares.store(seen.b_squares.data());
  products.store(seen.products.data());
  seen.finite += n;
  for (std::size_t k = 0; k < kDoubles; ++k) {
    seen.max_abs = max_abs[k] > seen.max_abs ? max_abs[k] : seen.max_abs;
    seen.changed += changed[k];
    seen.outside += outside[k];
  }
}

/// A block with a NaN or an infinity in it: such pairs are equal or not, and take no part in the sums.
template <class T>
[[gnu::noinline]] void see_other_pairs(const std::byte* a, const std::byte* b, std::int64_t n,
                                       const Tolerance& tolerance, SeenPairs& seen) {
  T finite_a[kBlock], finite_b[kBlock];
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto x = std::bit_cast<T>(Bits<T>::at(a + i * static_cast<std::int64_t>(sizeof(T))));
    const auto y = std::bit_cast<T>(Bits<T>::at(b + i * static_cast<std::int64_t>(sizeof(T))));
    if (x - x == 0 && y - y == 0) {
      finite_a[kept] = x;
      finite_b[kept++] = y;
    } else if (x != y && !(tolerance.equal_nan && x != x && y != y)) {
      ++seen.changed;
      ++seen.outside;
      ++seen.unordered;
    }
  }
  see_finite_pairs<T>(reinterpret_cast<const std::byte*>(finite_a),
                      reinterpret_cast<const std::byte*>(finite_b), kept, tolerance, seen);
}

template <class T>
void see_pairs(const std::byte* a, const std::byte* b, std::int64_t n, const Tolerance& tolerance,
               SeenPairs& seen) {
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t at = begin * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t count = std::min(kBlock, n - begin);
    if (has_others<T>(a + at, count) || has_others<T>(b + at, count)) {
      see_other_pairs<T>(a + at, b + at, count, tolerance, seen);
    } else {
      see_finite_pairs<T>(a + at, b + at, count, tolerance, seen);
    }
  }
}

}  // namespace
}  // namespace ballast::inspect::detail
