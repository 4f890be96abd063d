#include "ballast/ops/cpu/norm_loops.h"

namespace ballast::detail {

extern const NormKernels kNormAvx512;
constinit const NormKernels kNormAvx512 = norm_table();

}  // namespace ballast::detail
