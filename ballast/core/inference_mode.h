// The flag of InferenceMode (autograd/grad_mode.h), which tensors take over when they are made. Internal.
#pragma once

namespace ballast::detail {
inline thread_local constinit bool inference_mode = false;
}  // namespace ballast::detail
