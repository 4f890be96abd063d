#include "ballast/core/cpu.h"
#include "ballast/ops/cpu/softmax_loops.h"

namespace ballast::detail {

extern const SoftmaxKernels kSoftmaxBaseline;
constinit const SoftmaxKernels kSoftmaxBaseline = softmax_table();

const SoftmaxKernels& softmax_kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kSoftmaxAvx512;
    case SimdLevel::kAvx2:
      return kSoftmaxAvx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kSoftmaxBaseline;
}

}  // namespace ballast::detail
