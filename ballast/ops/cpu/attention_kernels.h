// The row loops of attention, for float one version per SimdLevel with the same bits. Internal.
#pragma once

#include <cstdint>

namespace ballast::detail {

template <class T>
struct AttentionKernels {
  /// row = softmax(scale row + bias) over the first `valid` of n, the rest 0; `bias` may be null. A row
  /// without any finite score becomes 0, or NaN if not `empty_is_zero`.
  void (*softmax)(T* row, const T* bias, std::int64_t n, std::int64_t valid, T scale, bool empty_is_zero);
  /// grad = weights (grad - sum(weights grad)): the gradient of the scores from that of the weights.
  void (*softmax_backward)(T* grad, const T* weights, std::int64_t n);
};

extern const AttentionKernels<float> kAttentionBaseline;
extern const AttentionKernels<double> kAttentionDouble;
#if defined(__x86_64__)
extern const AttentionKernels<float> kAttentionAvx2;
extern const AttentionKernels<float> kAttentionAvx512;
#endif

/// Those of simd_level().
template <class T>
[[nodiscard]] const AttentionKernels<T>& attention_kernels() noexcept;

}  // namespace ballast::detail
