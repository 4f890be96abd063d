// Convolutions of float32 through oneDNN. Not installed.
//
// oneDNN is at its best in a layout of its own, channels in blocks of 8 or 16: tensors are brought into it
// and back around each call, which costs a tenth of the call and wins a factor of 2 to 8 over kernels that
// take them as they are. Only the direct algorithm is used, never Winograd's, which rounds otherwise.
//
// A batch is cut into parts of a few samples, by its sizes alone, and each part is computed on one thread of
// our own pool: results do not depend on the number of threads, a part stays in the cache between the steps,
// and oneDNN's threads (OpenMP's, which spin) are never started. What oneDNN compiles for a problem is kept
// by each thread that needs it.
#pragma once

#include "ballast/ops/convolution_kernels.h"

namespace ballast::detail {

// Each gives false, and does nothing, where oneDNN has no good kernel for the problem. Pointers as in
// convolve_by_columns.
[[nodiscard]] bool convolve_by_onednn(const ConvolutionProblem& p, const float* x, const float* w,
                                      const float* bias, float* y);
[[nodiscard]] bool convolve_back_by_onednn(const ConvolutionProblem& p, const float* y, const float* w,
                                           const float* bias, float* x);
/// The gradients of w, and of the bias unless `bias` is null, for the gradient `y`.
[[nodiscard]] bool convolve_weight_by_onednn(const ConvolutionProblem& p, const float* x, const float* y,
                                             float* w, float* bias);

}  // namespace ballast::detail
