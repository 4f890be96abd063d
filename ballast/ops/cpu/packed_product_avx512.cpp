#include "ballast/ops/cpu/lanes_avx512.h"
#include "ballast/ops/cpu/packed_product_loops.h"

namespace ballast::detail {

extern const PackedProductKernels kPackedProductAvx512;
const PackedProductKernels kPackedProductAvx512 = kPackedProductLoops<Sixteen, 8>;

}  // namespace ballast::detail
