#include "ballast/ops/cpu/pointwise_loops.h"

namespace ballast::detail {

extern const PointwiseKernels kPointwiseAvx512;
constinit const PointwiseKernels kPointwiseAvx512 = pointwise_table();

}  // namespace ballast::detail
