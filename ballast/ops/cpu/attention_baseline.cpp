#include "ballast/core/cpu.h"
#include "ballast/ops/cpu/attention_loops.h"

namespace ballast::detail {

const AttentionKernels<float> kAttentionBaseline = kAttentionLoops<FloatLanes<OneFloat>>;
const AttentionKernels<double> kAttentionDouble = kAttentionLoops<OneDouble>;

template <>
const AttentionKernels<float>& attention_kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kAttentionAvx512;
    case SimdLevel::kAvx2:
      return kAttentionAvx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kAttentionBaseline;
}

template <>
const AttentionKernels<double>& attention_kernels() noexcept {
  return kAttentionDouble;
}

}  // namespace ballast::detail
