#include "ballast/core/cpu.h"
#include "ballast/core/cpu/mt19937_kernels.h"
#include "ballast/core/cpu/mt19937_loops.h"

namespace ballast::detail {

using Words = std::uint32_t __attribute__((vector_size(16)));
const Mt19937Kernels kMt19937Baseline{regenerate_words<Words>, temper_range<Words>};

const Mt19937Kernels& mt19937_kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return kMt19937Avx512;
    case SimdLevel::kAvx2:
      return kMt19937Avx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return kMt19937Baseline;
}

}  // namespace ballast::detail
