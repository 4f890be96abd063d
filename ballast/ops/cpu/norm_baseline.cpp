#include "ballast/core/cpu.h"
#include "ballast/ops/cpu/norm_loops.h"

namespace ballast::detail {

extern const NormKernels kNormBaseline;
constinit const NormKernels kNormBaseline = norm_table();

const NormKernels& norm_kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kNormAvx512;
    case SimdLevel::kAvx2:
      return kNormAvx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kNormBaseline;
}

}  // namespace ballast::detail
