#include "ballast/ops/cpu/softmax_loops.h"

namespace ballast::detail {

extern const SoftmaxKernels kSoftmaxAvx512;
constinit const SoftmaxKernels kSoftmaxAvx512 = softmax_table();

}  // namespace ballast::detail
