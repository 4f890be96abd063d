#include "ballast/ops/cpu/attention_loops.h"
#include "ballast/ops/cpu/lanes_avx2.h"

namespace ballast::detail {

extern const AttentionKernels<float> kAttentionAvx2;
const AttentionKernels<float> kAttentionAvx2 = kAttentionLoops<FloatLanes<Eight>>;

}  // namespace ballast::detail
