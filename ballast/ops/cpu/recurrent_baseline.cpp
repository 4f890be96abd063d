#include "ballast/core/cpu.h"
#include "ballast/ops/cpu/recurrent_loops.h"

namespace ballast::detail {

extern const RecurrentKernels kRecurrentBaseline;
constinit const RecurrentKernels kRecurrentBaseline = recurrent_table();

const RecurrentKernels& recurrent_kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kRecurrentAvx512;
    case SimdLevel::kAvx2:
      return kRecurrentAvx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kRecurrentBaseline;
}

}  // namespace ballast::detail
