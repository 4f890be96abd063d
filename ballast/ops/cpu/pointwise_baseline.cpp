#include "ballast/core/cpu.h"
#include "ballast/ops/cpu/pointwise_loops.h"

namespace ballast::detail {

extern const PointwiseKernels kPointwiseBaseline;
constinit const PointwiseKernels kPointwiseBaseline = pointwise_table();

const PointwiseKernels& pointwise_kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kPointwiseAvx512;
    case SimdLevel::kAvx2:
      return kPointwiseAvx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kPointwiseBaseline;
}

}  // namespace ballast::detail
