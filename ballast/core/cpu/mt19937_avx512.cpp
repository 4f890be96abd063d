#include "ballast/core/cpu/mt19937_kernels.h"
#include "ballast/core/cpu/mt19937_loops.h"

namespace ballast::detail {

using Words = std::uint32_t __attribute__((vector_size(64)));
extern const Mt19937Kernels kMt19937Avx512;
const Mt19937Kernels kMt19937Avx512{regenerate_words<Words>, temper_range<Words>};

}  // namespace ballast::detail
