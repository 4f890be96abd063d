#include "ballast/ops/cpu/lanes_avx512.h"
#include "ballast/ops/cpu/recurrent_loops.h"

namespace ballast::detail {

extern const RecurrentKernels<float> kRecurrentAvx512;
const RecurrentKernels<float> kRecurrentAvx512 = kRecurrentLoops<FloatLanes<Sixteen>>;

}  // namespace ballast::detail
