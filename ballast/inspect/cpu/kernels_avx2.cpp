#include "ballast/inspect/cpu/kernel_table.h"

namespace ballast::inspect::detail {

extern const Kernels kAvx2Kernels;
constinit const Kernels kAvx2Kernels = kernel_table();

}  // namespace ballast::inspect::detail
