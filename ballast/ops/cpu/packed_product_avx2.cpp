#include <immintrin.h>

#include "ballast/ops/cpu/packed_product_loops.h"

namespace ballast::detail {
namespace {

struct EightFloats {
  using Float = float __attribute__((vector_size(32)));
  static Float all(float x) { return _mm256_set1_ps(x); }
  static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace

extern const PackedProductKernels kPackedProductAvx2;
const PackedProductKernels kPackedProductAvx2 = kPackedProductLoops<EightFloats, 6>;

}  // namespace ballast::detail
