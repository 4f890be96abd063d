// Sixteen floats at a time. For files built for AVX-512 only.
#pragma once

#include <immintrin.h>

#include "ballast/ops/cpu/float_lanes.h"

namespace ballast::detail {
namespace {

struct Sixteen {
  using Float = float __attribute__((vector_size(64)));
  using Word = std::uint32_t __attribute__((vector_size(64)));
  static Float all(float x) { return _mm512_set1_ps(x); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace
}  // namespace ballast::detail
