// One pass over a run of numbers. Included once by each file that is built for a level. Internal.
//
// A block is scanned as bits first: how many zeros and signs, the largest and smallest magnitude, the extremes. What is rare
// (NaN, infinities, subnormal numbers, ends of the range of smaller types) is counted only in blocks whose magnitudes reach
// that far. Then come the sums.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>

#include "ballast/inspect/cpu/kernels.h"
#include "ballast/inspect/cpu/registers.h"

namespace ballast::inspect::detail {
namespace {

template <class T>
struct Bits {
  using Signed = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  using Unsigned = std::make_unsigned_t<Signed>;
  static constexpr Signed kMagnitude = std::numeric_limits<Signed>::max();
  static constexpr Signed kInfinity =
      sizeof(T) == 4 ? Signed{0x7F800000} : static_cast<Signed>(0x7FF0000000000000);

  [[gnu::always_inline]] static Signed at(const std::byte* p) {
    Signed bits;
    std::memcpy(&bits, p, sizeof bits);
    return bits;
  }
};

/// The ends of the range of smaller types, as |x|. What rounds to the nearest, ties to even, turns into zero at half their least
/// number and into an infinity half a step beyond their largest.
constexpr double kHalfVanishes = 0x1p-25;     // and below
constexpr double kHalfOverflows = 65520;      // and above
constexpr double kBfloatVanishes = 0x1p-134;  // and below
constexpr double kBfloatOverflows = 0x1.FFp127;

template <class T>
struct BlockScan {
  using Signed = typename Bits<T>::Signed;
  using Unsigned = typename Bits<T>::Unsigned;

  Signed zeros = 0, signs = 0;
  Signed largest = 0;             // magnitude, as bits
  Unsigned least = ~Unsigned{0};  // magnitude that is not zero, as bits, less one
  T min = std::numeric_limits<T>::infinity(), max = -std::numeric_limits<T>::infinity();

  [[gnu::always_inline]] void take(Signed bits) {
    const Signed magnitude = bits & Bits<T>::kMagnitude;
    const T value = std::bit_cast<T>(bits);
    zeros += magnitude == 0 ? 1 : 0;
    signs += bits < 0 ? 1 : 0;
    largest = magnitude > largest ? magnitude : largest;
    const Unsigned less_one = static_cast<Unsigned>(magnitude) - 1;
    least = less_one < least ? less_one : least;
    min = value < min ? value : min;
    max = value > max ? value : max;
  }
};

template <class T>
inline BlockScan<T> scan_block(const std::byte* p, std::int64_t n) {
  using V = typename RegisterOf<T>::Value;
  using S = typename RegisterOf<T>::Signed;
  using U = typename RegisterOf<T>::Unsigned;
  using Unsigned = typename Bits<T>::Unsigned;
  constexpr auto kWidth = static_cast<std::int64_t>(kRegisterBytes / sizeof(T));
  BlockScan<T> scan;
  std::int64_t i = 0;
  if (n >= kWidth) {
    S zeros{}, signs{}, largest{};
    U least = U{} + ~Unsigned{0};
    V min = V{} + scan.min, max = V{} + scan.max;
    for (; i + kWidth <= n; i += kWidth) {
      const V value = load_register<V>(p + i * static_cast<std::int64_t>(sizeof(T)));
      const S bits = reinterpret_cast<S>(value);
      const S magnitude_bits = bits & Bits<T>::kMagnitude;
      zeros -= magnitude_bits == 0;
      signs -= bits < 0;
      largest = magnitude_bits > largest ? magnitude_bits : largest;
      const U less_one = reinterpret_cast<U>(magnitude_bits) - Unsigned{1};
      least = less_one < least ? less_one : least;
      min = value < min ? value : min;
      max = value > max ? value : max;
    }
    for (std::int64_t k = 0; k < kWidth; ++k) {
      scan.zeros += zeros[k];
      scan.signs += signs[k];
      scan.largest = largest[k] > scan.largest ? largest[k] : scan.largest;
      scan.least = least[k] < scan.least ? least[k] : scan.least;
      scan.min = min[k] < scan.min ? min[k] : scan.min;
      scan.max = max[k] > scan.max ? max[k] : scan.max;
    }
  }
  for (; i < n; ++i) scan.take(Bits<T>::at(p + i * static_cast<std::int64_t>(sizeof(T))));
  return scan;
}

/// How many of the magnitudes in a block are, as bits, below `end`.
template <class T>
inline std::int64_t count_below(const std::byte* p, std::int64_t n, typename Bits<T>::Signed end) {
  typename Bits<T>::Signed below = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto bits = Bits<T>::at(p + i * static_cast<std::int64_t>(sizeof(T)));
    below += (bits & Bits<T>::kMagnitude) < end ? 1 : 0;
  }
  return below;
}

/// The first magnitude, as bits, that is not below x.
template <class T>
inline typename Bits<T>::Signed first_from(double x) {
  T rounded = static_cast<T>(x);
  if (static_cast<double>(rounded) < x) rounded = std::nextafter(rounded, std::numeric_limits<T>::infinity());
  return std::bit_cast<typename Bits<T>::Signed>(rounded);
}

template <class T>
inline void count_rare(const std::byte* p, std::int64_t n, const Thresholds& thresholds,
                       const BlockScan<T>& scan, Seen& seen) {
  using Signed = typename Bits<T>::Signed;
  const Signed half_zero = std::bit_cast<Signed>(static_cast<T>(kHalfVanishes)) + 1;
  const Signed bfloat_zero = std::bit_cast<Signed>(static_cast<T>(kBfloatVanishes)) + 1;
  const Signed normal = first_from<T>(thresholds.normal);
  const Signed least_but_zero = static_cast<Signed>(scan.least);  // less one; negative: all are zero
  if (least_but_zero >= 0) {
    if (least_but_zero + 1 < half_zero) seen.vanish_in_half += count_below<T>(p, n, half_zero) - scan.zeros;
    if (least_but_zero + 1 < bfloat_zero) {
      seen.vanish_in_bfloat += count_below<T>(p, n, bfloat_zero) - scan.zeros;
    }
    if (least_but_zero + 1 < normal) seen.subnormals += count_below<T>(p, n, normal) - scan.zeros;
  }
  const auto half_end = std::bit_cast<Signed>(static_cast<T>(kHalfOverflows));
  const auto bfloat_end = std::bit_cast<Signed>(static_cast<T>(kBfloatOverflows));
  if (scan.largest >= half_end) seen.overflow_half += n - count_below<T>(p, n, half_end);
  if (scan.largest >= bfloat_end) seen.overflow_bfloat += n - count_below<T>(p, n, bfloat_end);
  seen.negatives += scan.signs;
  if (scan.zeros == 0 || scan.signs == 0) return;
  for (std::int64_t i = 0; i < n; ++i) {  // zeros with a sign are not negative
    if (Bits<T>::at(p + i * static_cast<std::int64_t>(sizeof(T))) == std::numeric_limits<Signed>::min()) {
      --seen.negatives;
    }
  }
}

/// The sums of `n` elements, which is a multiple of kLanes, all in one pass: where registers hold them all.
template <class T>
inline void add_sums_together(const std::byte* p, std::int64_t n, Seen& seen) {
  Lanes sum(seen.sum.data()), squares(seen.squares.data()), l1(seen.l1.data()), l2(seen.l2_squares.data());
  const double shift = seen.shift;
  each_group<T>(p, n, T{0}, [&](const std::byte* group) {
    for (std::size_t k = 0; k < kParts; ++k) {
      const DoubleRegister x = load_doubles<T>(group + k * kDoubles * sizeof(T));
      const DoubleRegister shifted = x - shift;
      sum.part[k] += shifted;
      squares.part[k] += shifted * shifted;
      l1.part[k] += magnitude(x);
      l2.part[k] += x * x;
    }
  });
  sum.store(seen.sum.data());
  squares.store(seen.squares.data());
  l1.store(seen.l1.data());
  l2.store(seen.l2_squares.data());
}

/// The same additions whatever the registers: those of one pass, and of two for the rest.
template <class T>
inline void add_sums(const std::byte* p, std::int64_t n, Seen& seen) {
  constexpr std::size_t kStep = kDoubles * sizeof(T);
  if constexpr (kRegisterBytes == 64) {
    const std::int64_t whole = n - n % kLanes;
    add_sums_together<T>(p, whole, seen);
    p += whole * static_cast<std::int64_t>(sizeof(T));
    n -= whole;
    if (n == 0) return;
  }
  {
    Lanes sum(seen.sum.data()), squares(seen.squares.data());
    const double shift = seen.shift;
    each_group<T>(p, n, static_cast<T>(shift), [&](const std::byte* group) {
      for (std::size_t k = 0; k < kParts; ++k) {
        const DoubleRegister x = load_doubles<T>(group + k * kStep) - shift;
        sum.part[k] += x;
        squares.part[k] += x * x;
      }
    });
    sum.store(seen.sum.data());
    squares.store(seen.squares.data());
  }
  Lanes l1(seen.l1.data()), l2(seen.l2_squares.data());
  each_group<T>(p, n, T{0}, [&](const std::byte* group) {
    for (std::size_t k = 0; k < kParts; ++k) {
      const DoubleRegister x = load_doubles<T>(group + k * kStep);
      l1.part[k] += magnitude(x);
      l2.part[k] += x * x;
    }
  });
  l1.store(seen.l1.data());
  l2.store(seen.l2_squares.data());
}

/// The mean of a block, as a T: near enough to the mean of all that the sum of squares around it keeps its digits, even where the
/// block holds numbers far off.
template <class T>
inline double middle_of(const std::byte* p, std::int64_t n) {
  Sums sums{};
  Lanes sum(sums.data());
  each_group<T>(p, n, T{0}, [&](const std::byte* group) {
    for (std::size_t k = 0; k < kParts; ++k) sum.part[k] += load_doubles<T>(group + k * kDoubles * sizeof(T));
  });
  sum.store(sums.data());
  const auto mean = static_cast<T>(joined(sums) / static_cast<double>(n));
  const bool overflows = !(std::fabs(mean) <= std::numeric_limits<T>::max());
  return static_cast<double>(overflows ? std::bit_cast<T>(Bits<T>::at(p)) : mean);
}

template <class T>
inline void see_finite(const std::byte* p, std::int64_t n, const Thresholds& thresholds,
                       const BlockScan<T>& scan, Seen& seen) {
  if (n == 0) return;
  if (seen.finite == 0) seen.shift = middle_of<T>(p, n);
  seen.finite += n;
  seen.zeros += scan.zeros;
  seen.min = std::min(seen.min, static_cast<double>(scan.min));
  seen.max = std::max(seen.max, static_cast<double>(scan.max));
  seen.abs_max = std::max(seen.abs_max, static_cast<double>(std::bit_cast<T>(scan.largest)));
  count_rare(p, n, thresholds, scan, seen);
  add_sums<T>(p, n, seen);
}

/// A block that holds a NaN or an infinity: those are counted, the rest is looked at without them.
template <class T>
[[gnu::noinline]] void see_with_others(const std::byte* p, std::int64_t n, const Thresholds& thresholds,
                                       Seen& seen) {
  T finite[kBlock];
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto bits = Bits<T>::at(p + i * static_cast<std::int64_t>(sizeof(T)));
    const auto magnitude_bits = bits & Bits<T>::kMagnitude;
    if (magnitude_bits < Bits<T>::kInfinity) {
      finite[kept++] = std::bit_cast<T>(bits);
    } else if (magnitude_bits > Bits<T>::kInfinity) {
      ++seen.nans;
    } else if (bits < 0) {
      ++seen.minus_infinities;
      ++seen.negatives;
    } else {
      ++seen.plus_infinities;
    }
  }
  const auto* const bytes = reinterpret_cast<const std::byte*>(finite);
  see_finite<T>(bytes, kept, thresholds, scan_block<T>(bytes, kept), seen);
}

template <class T>
void see(const std::byte* p, std::int64_t n, const Thresholds& thresholds, Seen& seen) {
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::byte* const block = p + begin * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t count = std::min(kBlock, n - begin);
    const BlockScan<T> scan = scan_block<T>(block, count);
    if (scan.largest < Bits<T>::kInfinity) [[likely]] {
      see_finite<T>(block, count, thresholds, scan, seen);
    } else {
      see_with_others<T>(block, count, thresholds, seen);
    }
  }
}

}  // namespace
}  // namespace ballast::inspect::detail
