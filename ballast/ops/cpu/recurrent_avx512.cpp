#include "ballast/ops/cpu/recurrent_loops.h"

namespace ballast::detail {

extern const RecurrentKernels kRecurrentAvx512;
constinit const RecurrentKernels kRecurrentAvx512 = recurrent_table();

}  // namespace ballast::detail
