#include "ballast/ops/cpu/lanes_avx2.h"
#include "ballast/ops/cpu/recurrent_loops.h"

namespace ballast::detail {

extern const RecurrentKernels<float> kRecurrentAvx2;
const RecurrentKernels<float> kRecurrentAvx2 = kRecurrentLoops<FloatLanes<Eight>>;

}  // namespace ballast::detail
