#include "ballast/ops/cpu/lanes_avx2.h"
#include "ballast/ops/cpu/packed_product_loops.h"

namespace ballast::detail {

extern const PackedProductKernels kPackedProductAvx2;
const PackedProductKernels kPackedProductAvx2 = kPackedProductLoops<Eight, 6>;

}  // namespace ballast::detail
