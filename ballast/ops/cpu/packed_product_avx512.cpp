#include <immintrin.h>

#include "ballast/ops/cpu/packed_product_loops.h"

namespace ballast::detail {
namespace {

struct SixteenFloats {
  using Float = float __attribute__((vector_size(64)));
  static Float all(float x) { return _mm512_set1_ps(x); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace

extern const PackedProductKernels kPackedProductAvx512;
const PackedProductKernels kPackedProductAvx512 = kPackedProductLoops<SixteenFloats, 8>;

}  // namespace ballast::detail
