// The loops that look at every element once, one version per SimdLevel, all with the same bits. Internal.
//
// They see runs of float or double, at any address: what other types hold becomes one of the two first, without loss but for
// 64-bit integers beyond 2^53. Sums are over finite values, in sixteen doubles side by side (registers.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "ballast/core/dtype.h"

namespace ballast::inspect::detail {

inline constexpr std::size_t kSums = 16;
using Sums = std::array<double, kSums>;

/// Elements that a loop takes at a time, while they are in the nearest cache.
inline constexpr std::int64_t kBlock = 2048;

/// The sixteen sums as one, by halves.
[[nodiscard]] double joined(const Sums& sums) noexcept;

/// Magnitudes at which something is counted.
struct Thresholds {
  double normal = 0;  ///< the smallest normal number of the tensor's own type; 0: it has no subnormal ones
};

/// What was seen of a run of elements.
struct Seen {
  std::int64_t zeros = 0, negatives = 0, subnormals = 0, nans = 0, plus_infinities = 0, minus_infinities = 0;
  std::int64_t finite = 0;
  /// Finite values that float16 or bfloat16 would round to zero, or to an infinity.
  std::int64_t vanish_in_half = 0, vanish_in_bfloat = 0, overflow_half = 0, overflow_bfloat = 0;
  double min = std::numeric_limits<double>::infinity(), max = -std::numeric_limits<double>::infinity();
  double abs_max = 0;
  double shift = 0;         ///< near the mean: variances are of what is left when it is taken away
  Sums sum{}, squares{};    ///< of x - shift
  Sums l1{}, l2_squares{};  ///< of x
};

/// What was seen of a run of pairs.
struct SeenPairs {
  std::int64_t finite = 0;     ///< pairs of finite numbers, whose differences are summed
  std::int64_t changed = 0;    ///< a != b
  std::int64_t outside = 0;    ///< not |a - b| <= atol + rtol |b|
  std::int64_t unordered = 0;  ///< a NaN or an infinity met something else
  double max_abs = 0;
  Sums difference_squares{}, a_squares{}, b_squares{}, products{};
};

struct Tolerance {
  double rtol = 0, atol = 0;
  bool equal_nan = false;
};

template <class T>
struct RunLoops {
  void (*see)(const std::byte* p, std::int64_t n, const Thresholds& thresholds, Seen& seen);
  void (*see_pairs)(const std::byte* a, const std::byte* b, std::int64_t n, const Tolerance& tolerance,
                    SeenPairs& seen);
};

/// n elements (their parts, of complex ones), `step` bytes apart, as floats or doubles: see `is_wide`.
using Widen = void (*)(const std::byte* from, std::int64_t step, std::int64_t n, std::byte* to);

struct Kernels {
  RunLoops<float> of_float;
  RunLoops<double> of_double;
  std::array<Widen, kDTypeCount> as_float;  ///< null for the types that need doubles
  std::array<Widen, kDTypeCount> as_double;
};

extern const Kernels kBaselineKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

/// Those of simd_level().
[[nodiscard]] const Kernels& kernels() noexcept;

/// Whether elements of a type need doubles: all but the types that float holds exactly.
[[nodiscard]] constexpr bool is_wide(DType dtype) noexcept {
  switch (dtype) {
    case kFloat64:
    case kComplex128:
    case kInt32:
    case kUInt32:
    case kInt64:
    case kUInt64:
      return true;
    default:
      return false;
  }
}
/// Whether an element is floats or doubles already.
[[nodiscard]] constexpr bool is_native(DType dtype) noexcept {
  return dtype == kFloat32 || dtype == kFloat64 || dtype == kComplex64 || dtype == kComplex128;
}
/// Values an element is made of: two if it is complex.
[[nodiscard]] constexpr std::int64_t parts_of(DType dtype) noexcept {
  return dtype == kComplex32 || dtype == kComplex64 || dtype == kComplex128 ? 2 : 1;
}

}  // namespace ballast::inspect::detail
