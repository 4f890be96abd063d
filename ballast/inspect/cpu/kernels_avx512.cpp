#include "ballast/inspect/cpu/kernel_table.h"

namespace ballast::inspect::detail {

extern const Kernels kAvx512Kernels;
constinit const Kernels kAvx512Kernels = kernel_table();

}  // namespace ballast::inspect::detail
