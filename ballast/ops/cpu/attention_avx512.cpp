#include "ballast/ops/cpu/attention_loops.h"
#include "ballast/ops/cpu/lanes_avx512.h"

namespace ballast::detail {

extern const AttentionKernels<float> kAttentionAvx512;
const AttentionKernels<float> kAttentionAvx512 = kAttentionLoops<FloatLanes<Sixteen>>;

}  // namespace ballast::detail
