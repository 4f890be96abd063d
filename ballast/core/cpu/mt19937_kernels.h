// The two loops of MT19937 that everything bulk runs through, one version per SimdLevel. Internal.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ballast::detail {

struct Mt19937Kernels {
  /// The next 624 words of state, in place.
  void (*regenerate)(std::uint32_t* words);
  /// out[i] = temper(raw[i]).
  void (*temper)(const std::uint32_t* raw, std::uint32_t* out, std::size_t n);
};

extern const Mt19937Kernels kMt19937Baseline;
#if defined(__x86_64__)
extern const Mt19937Kernels kMt19937Avx2;
extern const Mt19937Kernels kMt19937Avx512;
#endif

/// Those of simd_level().
[[nodiscard]] const Mt19937Kernels& mt19937_kernels() noexcept;

}  // namespace ballast::detail
