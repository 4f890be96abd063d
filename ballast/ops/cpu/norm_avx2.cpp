#include "ballast/ops/cpu/norm_loops.h"

namespace ballast::detail {

extern const NormKernels kNormAvx2;
constinit const NormKernels kNormAvx2 = norm_table();

}  // namespace ballast::detail
