#include "ballast/core/cpu.h"
#include "ballast/inspect/cpu/kernel_table.h"

namespace ballast::inspect::detail {

extern const Kernels kBaselineKernels;
constinit const Kernels kBaselineKernels = kernel_table();

const Kernels& kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kAvx512Kernels;
    case SimdLevel::kAvx2:
      return kAvx2Kernels;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kBaselineKernels;
}

double joined(const Sums& sums) noexcept {
  Sums s = sums;
  for (std::size_t half = kSums / 2; half > 0; half /= 2) {
    for (std::size_t k = 0; k < half; ++k) s[k] += s[k + half];
  }
  return s[0];
}

}  // namespace ballast::inspect::detail
