// The loops under activations and the losses of a difference: of each function its values, its slopes and its bends (the
// first and second derivative), over dense rows of float and double. One version per SimdLevel, all with the same bits.
// Internal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ballast::detail {

/// Functions of one number and at most three parameters: cpu/pointwise_functions.h.
enum class Pointwise : std::uint8_t {
  kElu,
  kGelu,
  kGeluTanh,
  kHardshrink,
  kHardsigmoid,
  kHardswish,
  kHardtanh,
  kLeakyRelu,
  kLogSigmoid,
  kMish,
  kSilu,
  kSoftplus,
  kSoftshrink,
  kSoftsign,
  kTanhshrink,
  kThreshold,
  kExp,  ///< from here on, slope and bend are functions of the result
  kRelu,
  kSigmoid,
  kTanh,
  kSquare,  ///< from here on, losses of a difference
  kSmoothL1,
  kHuber,
  kCount
};
inline constexpr std::size_t kPointwiseCount = static_cast<std::size_t>(Pointwise::kCount);

struct PointwiseParameters {
  double a = 0, b = 0, c = 0;
};

/// Of one function f and one element type.
template <class T>
struct PointwiseLoops {
  using Parameters = const PointwiseParameters&;
  /// out = f(x)
  void (*values)(Parameters, const T* x, T* out, std::int64_t n) = nullptr;
  /// out = grad f'(x)
  void (*slopes)(Parameters, const T* grad, const T* x, T* out, std::int64_t n) = nullptr;
  /// out = a b f''(x)
  void (*bends)(Parameters, const T* a, const T* b, const T* x, T* out, std::int64_t n) = nullptr;
  // Only of losses:
  /// The sum of f(x - y), the same for any cutting of n at multiples of 4096.
  double (*sum_of_differences)(Parameters, const T* x, const T* y, std::int64_t n) = nullptr;
  /// out = scale f'(x - y)
  void (*slopes_of_differences)(Parameters, T scale, const T* x, const T* y, T* out,
                                std::int64_t n) = nullptr;
};

/// Losses of an input x and a target y, with a further weight p.
enum class PairedLoss : std::uint8_t {
  kBinaryCrossEntropy,
  kBinaryCrossEntropyOfLogits,
  kSoftMargin,
  kCount
};
inline constexpr std::size_t kPairedLossCount = static_cast<std::size_t>(PairedLoss::kCount);

/// Where x (1 - x) is a divisor, it is at least this; of float, as in PyTorch.
inline constexpr float kLeastSpread = 1e-12F;

template <class T>
struct PairedLoops {
  /// out = f(x, y, p); p may be null, for 1.
  void (*values)(const T* x, const T* y, const T* p, T* out, std::int64_t n) = nullptr;
  /// out = df/dx.
  void (*slopes)(const T* x, const T* y, const T* p, T* out, std::int64_t n) = nullptr;
};

struct PointwiseKernels {
  std::array<PointwiseLoops<float>, kPointwiseCount> of_float;
  std::array<PointwiseLoops<double>, kPointwiseCount> of_double;
  std::array<PairedLoops<float>, kPairedLossCount> paired_of_float;
  std::array<PairedLoops<double>, kPairedLossCount> paired_of_double;
};

extern const PointwiseKernels kPointwiseBaseline;
#if defined(__x86_64__)
extern const PointwiseKernels kPointwiseAvx2;
extern const PointwiseKernels kPointwiseAvx512;
#endif

/// Those of simd_level().
[[nodiscard]] const PointwiseKernels& pointwise_kernels() noexcept;

template <class T>
[[nodiscard]] const PointwiseLoops<T>& pointwise_loops(Pointwise f) noexcept {
  const PointwiseKernels& k = pointwise_kernels();
  if constexpr (sizeof(T) == sizeof(float)) {
    return k.of_float[static_cast<std::size_t>(f)];
  } else {
    return k.of_double[static_cast<std::size_t>(f)];
  }
}

template <class T>
[[nodiscard]] const PairedLoops<T>& paired_loops(PairedLoss f) noexcept {
  const PointwiseKernels& k = pointwise_kernels();
  if constexpr (sizeof(T) == sizeof(float)) {
    return k.paired_of_float[static_cast<std::size_t>(f)];
  } else {
    return k.paired_of_double[static_cast<std::size_t>(f)];
  }
}

}  // namespace ballast::detail
