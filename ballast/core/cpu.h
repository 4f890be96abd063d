// Which of the CPU's vector instructions Ballast's kernels use. The answer changes speed, never a bit of a result.
//
//   if (simd_level() >= SimdLevel::kAvx2) ...
#pragma once

#include <cstdint>

namespace ballast {

enum class SimdLevel : std::uint8_t {
  kBaseline,  ///< what every x86-64 has, and other architectures
  kAvx2,      ///< AVX2, FMA and F16C
  kAvx512     ///< AVX-512 F, BW, DQ and VL
};

/// The level in use: at first the best this CPU and this build have.
[[nodiscard]] SimdLevel simd_level() noexcept;
/// The best level this CPU and this build have.
[[nodiscard]] SimdLevel best_simd_level() noexcept;

/// For tests: uses at most `level` from now on, in the whole process.
void set_simd_level(SimdLevel level) noexcept;

}  // namespace ballast
