#include "ballast/core/cpu.h"
#include "ballast/ops/cpu/recurrent_loops.h"

namespace ballast::detail {

const RecurrentKernels<float> kRecurrentBaseline = kRecurrentLoops<FloatLanes<OneFloat>>;
const RecurrentKernels<double> kRecurrentDouble = kRecurrentLoops<OneDouble>;

template <>
const RecurrentKernels<float>& recurrent_kernels() noexcept {
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

template <>
const RecurrentKernels<double>& recurrent_kernels() noexcept {
  return kRecurrentDouble;
}

}  // namespace ballast::detail
