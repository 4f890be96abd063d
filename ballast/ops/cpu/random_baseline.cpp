#include <cmath>

#include "ballast/core/cpu.h"
#include "ballast/core/minifloat.h"
#include "ballast/ops/cpu/box_muller.h"
#include "ballast/ops/cpu/random_kernels.h"

namespace ballast::detail {
namespace {

/// One lane: the language's own types.
struct Single {
  using Float = float;
  using Int = std::int32_t;
  using Word = std::uint32_t;
  static constexpr std::size_t kLanes = 1;
  static Float all(float x) { return x; }
  static Float fma(Float a, Float b, Float c) { return std::fma(a, b, c); }
  static Float sqrt(Float x) { return std::sqrt(x); }
  static Float to_float(Int x) { return static_cast<float>(x); }
  static Int truncate(Float x) { return static_cast<Int>(x); }
};

void box_muller(float* x, std::size_t n, float mean, float std) {
  for (std::size_t block = 0; block < n; block += 16) {
    for (std::size_t k = block; k < block + 8; ++k) box_muller_lanes<Single>(x[k], x[k + 8], mean, std);
  }
}

void to_half(const float* x, std::uint16_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = Half(x[i]).bits;
}

}  // namespace

const RandomKernels kRandomBaseline{uniform_range<Single>, box_muller, to_half};

const RandomKernels& random_kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kRandomAvx512;
    case SimdLevel::kAvx2:
      return kRandomAvx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kRandomBaseline;
}

}  // namespace ballast::detail
