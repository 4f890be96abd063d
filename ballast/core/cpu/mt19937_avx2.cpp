#include "ballast/core/cpu/mt19937_kernels.h"
#include "ballast/core/cpu/mt19937_loops.h"

namespace ballast::detail {

using Words = std::uint32_t __attribute__((vector_size(32)));
extern const Mt19937Kernels kMt19937Avx2;
const Mt19937Kernels kMt19937Avx2{regenerate_words<Words>, temper_range<Words>};

}  // namespace ballast::detail
