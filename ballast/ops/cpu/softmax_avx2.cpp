#include "ballast/ops/cpu/softmax_loops.h"

namespace ballast::detail {

extern const SoftmaxKernels kSoftmaxAvx2;
constinit const SoftmaxKernels kSoftmaxAvx2 = softmax_table();

}  // namespace ballast::detail
