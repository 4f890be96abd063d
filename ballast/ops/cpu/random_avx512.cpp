#include <immintrin.h>

#include "ballast/ops/cpu/box_muller.h"
#include "ballast/ops/cpu/random_kernels.h"

namespace ballast::detail {
namespace {

struct Sixteen {
  using Float = float __attribute__((vector_size(64)));
  using Int = std::int32_t __attribute__((vector_size(64)));
  using Word = std::uint32_t __attribute__((vector_size(64)));
  static constexpr std::size_t kLanes = 16;
  static Float all(float x) { return _mm512_set1_ps(x); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Float sqrt(Float x) { return _mm512_sqrt_ps(x); }
  static Float to_float(Int x) { return __builtin_convertvector(x, Float); }
  static Int truncate(Float x) { return __builtin_convertvector(x, Int); }
};

/// The first halves of two blocks of 16 in `a`, the second halves in `b`, and back.
inline void load_blocks(const float* x, Sixteen::Float& a, Sixteen::Float& b) {
  const __m512 first = _mm512_loadu_ps(x);
  const __m512 second = _mm512_loadu_ps(x + 16);
  a = _mm512_shuffle_f32x4(first, second, 0x44);
  b = _mm512_shuffle_f32x4(first, second, 0xEE);
}

inline void store_blocks(float* x, Sixteen::Float a, Sixteen::Float b) {
  _mm512_storeu_ps(x, _mm512_shuffle_f32x4(a, b, 0x44));
  _mm512_storeu_ps(x + 16, _mm512_shuffle_f32x4(a, b, 0xEE));
}

void box_muller(float* x, std::size_t n, float mean, float std) {
  std::size_t i = 0;
  // Four blocks at a time: two alone leave the multipliers waiting for each other.
  for (; i + 64 <= n; i += 64) {
    Sixteen::Float a, b, c, d;
    load_blocks(x + i, a, b);
    load_blocks(x + i + 32, c, d);
    box_muller_lanes<Sixteen>(a, b, mean, std);
    box_muller_lanes<Sixteen>(c, d, mean, std);
    store_blocks(x + i, a, b);
    store_blocks(x + i + 32, c, d);
  }
  for (; i < n; i += 32) {
    const std::size_t rest = n - i < 32 ? 16 : 32;
    float buffer[32] = {};
    std::memcpy(buffer, x + i, rest * sizeof(float));
    Sixteen::Float a, b;
    load_blocks(buffer, a, b);
    box_muller_lanes<Sixteen>(a, b, mean, std);
    store_blocks(buffer, a, b);
    std::memcpy(x + i, buffer, rest * sizeof(float));
  }
}

void to_half(const float* x, std::uint16_t* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    store_lanes(out + i, _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < n; ++i)
    out[i] = static_cast<std::uint16_t>(
        _mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x[i]), _MM_FROUND_TO_NEAREST_INT)));
}

}  // namespace

extern const RandomKernels kRandomAvx512;
const RandomKernels kRandomAvx512{uniform_range<Sixteen>, box_muller, to_half};

}  // namespace ballast::detail
