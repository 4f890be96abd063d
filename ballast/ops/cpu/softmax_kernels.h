// The loops under softmax, log_softmax and cross entropy. Elements stand as [outer, n, inner], row-major and dense; what is
// normalised are the n elements with equal outer and inner place. One version per SimdLevel, all with the same bits. Internal.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ballast::detail {

struct SoftmaxShape {
  std::int64_t outer = 1, n = 1, inner = 1;
  [[nodiscard]] std::int64_t numel() const { return outer * n * inner; }
};

template <class T>
struct SoftmaxLoops {
  void (*softmax)(SoftmaxShape, const T* x, T* out);
  void (*log_softmax)(SoftmaxShape, const T* x, T* out);
  /// out = y (grad - sum(grad y)); out may be grad.
  void (*softmax_gradient)(SoftmaxShape, const T* grad, const T* y, T* out);
  /// out = grad - exp(y) sum(grad); out may be grad.
  void (*log_softmax_gradient)(SoftmaxShape, const T* grad, const T* y, T* out);
  /// Of [outer, inner]: the largest, and log(sum(exp(x - largest))). Apart, as their sum would lose digits.
  void (*log_sum_exp)(SoftmaxShape, const T* x, T* largest, T* log_sum);
  /// out = scale exp((x - largest) - log_sum); all three of [outer, inner].
  void (*scaled_softmax)(SoftmaxShape, const T* x, const T* largest, const T* log_sum, const T* scale,
                         T* out);
};

struct SoftmaxKernels {
  SoftmaxLoops<float> of_float;
  SoftmaxLoops<double> of_double;
};

extern const SoftmaxKernels kSoftmaxBaseline;
#if defined(__x86_64__)
extern const SoftmaxKernels kSoftmaxAvx2;
extern const SoftmaxKernels kSoftmaxAvx512;
#endif

/// Those of simd_level().
[[nodiscard]] const SoftmaxKernels& softmax_kernels() noexcept;

template <class T>
[[nodiscard]] const SoftmaxLoops<T>& softmax_loops() noexcept {
  if constexpr (sizeof(T) == sizeof(float)) {
    return softmax_kernels().of_float;
  } else {
    return softmax_kernels().of_double;
  }
}

}  // namespace ballast::detail
