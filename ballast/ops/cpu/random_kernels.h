// The float loops under uniform_ and normal_, one version per SimdLevel, all with the same bits. Internal.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ballast::detail {

struct RandomKernels {
  /// out[i] = fma(u, width, low) for u = the low 24 bits of the tempered raw[i], times 2^-24; a result equal to `high`
  /// becomes `low`.
  void (*uniform)(const std::uint32_t* raw, float* out, std::size_t n, float low, float width, float high);
  /// Each 16 uniforms of x become 16 normals, in place: Box & Muller 1958, in pairs x[k], x[k + 8]. 16 divides n.
  void (*box_muller)(float* x, std::size_t n, float mean, float std);
  /// out[i] = the bits of x[i] as IEEE half, to nearest even.
  void (*to_half)(const float* x, std::uint16_t* out, std::size_t n);
};

extern const RandomKernels kRandomBaseline;
#if defined(__x86_64__)
extern const RandomKernels kRandomAvx2;
extern const RandomKernels kRandomAvx512;
#endif

/// Those of simd_level().
[[nodiscard]] const RandomKernels& random_kernels() noexcept;

}  // namespace ballast::detail
