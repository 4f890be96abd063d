#include "ballast/ops/cpu/pointwise_loops.h"

namespace ballast::detail {

extern const PointwiseKernels kPointwiseAvx2;
constinit const PointwiseKernels kPointwiseAvx2 = pointwise_table();

}  // namespace ballast::detail
