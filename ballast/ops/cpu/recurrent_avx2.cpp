#include "ballast/ops/cpu/recurrent_loops.h"

namespace ballast::detail {

extern const RecurrentKernels kRecurrentAvx2;
constinit const RecurrentKernels kRecurrentAvx2 = recurrent_table();

}  // namespace ballast::detail
