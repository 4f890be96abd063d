#include <immintrin.h>

#include "ballast/ops/cpu/box_muller.h"
#include "ballast/ops/cpu/random_kernels.h"

namespace ballast::detail {
namespace {

struct Eight {
  using Float = float __attribute__((vector_size(32)));
  using Int = std::int32_t __attribute__((vector_size(32)));
  using Word = std::uint32_t __attribute__((vector_size(32)));
  static constexpr std::size_t kLanes = 8;
  static Float all(float x) { return _mm256_set1_ps(x); }
  static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float sqrt(Float x) { return _mm256_sqrt_ps(x); }
  static Float to_float(Int x) { return __builtin_convertvector(x, Float); }
  static Int truncate(Float x) { return __builtin_convertvector(x, Int); }
};

void box_muller(float* x, std::size_t n, float mean, float std) {
  std::size_t i = 0;
  // Two blocks at a time: one alone leaves the multipliers waiting for each other.
  for (; i + 32 <= n; i += 32) {
    auto a = load_lanes<Eight::Float>(x + i);
    auto b = load_lanes<Eight::Float>(x + i + 8);
    auto c = load_lanes<Eight::Float>(x + i + 16);
    auto d = load_lanes<Eight::Float>(x + i + 24);
    box_muller_lanes<Eight>(a, b, mean, std);
    box_muller_lanes<Eight>(c, d, mean, std);
    store_lanes(x + i, a);
    store_lanes(x + i + 8, b);
    store_lanes(x + i + 16, c);
    store_lanes(x + i + 24, d);
  }
  if (i < n) {
    auto a = load_lanes<Eight::Float>(x + i);
    auto b = load_lanes<Eight::Float>(x + i + 8);
    box_muller_lanes<Eight>(a, b, mean, std);
    store_lanes(x + i, a);
    store_lanes(x + i + 8, b);
  }
}

void to_half(const float* x, std::uint16_t* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    store_lanes(out + i, _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < n; ++i)
    out[i] = static_cast<std::uint16_t>(
        _mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x[i]), _MM_FROUND_TO_NEAREST_INT)));
}

}  // namespace

extern const RandomKernels kRandomAvx2;
const RandomKernels kRandomAvx2{uniform_range<Eight>, box_muller, to_half};

}  // namespace ballast::detail
