// The loops under normalisation: sums over what is normalised, and what follows from them for each element. One version per
// SimdLevel, all with the same bits. Internal.
//
// Sums are taken of elements in their own type, in many lanes, and these are added up in double, so that a long sum is as
// good as its terms.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ballast::detail {

/// `count` runs of `n` neighbouring elements each, which begin `stride` elements apart: a channel of a batch of images.
struct Runs {
  std::int64_t count = 1, n = 0, stride = 0;
};
/// `rows` rows of `n` neighbouring elements each, which begin `stride` elements apart; each column is normalised.
struct Columns {
  std::int64_t rows = 0, n = 0, stride = 0;
};

/// Of gradients: their sum, and that of their products with the centred input.
struct GradientSums {
  double total = 0, dot = 0;
};

/// What the gradient of one element of the input follows from: (grad - level - (x - centre) slope) scale.
template <class T>
struct GradientTerms {
  T centre, level, slope, scale;
};

template <class T>
struct NormLoops {
  double (*sum)(Runs, const T* x);
  /// The sum of (x - centre)^2.
  double (*sum_of_squares)(Runs, const T* x, T centre);
  GradientSums (*gradient_sums)(Runs, const T* grad, const T* x, T centre);
  /// out = (x - centre) scale + shift.
  void (*affine)(Runs, const T* x, T centre, T scale, T shift, T* out);
  /// out = (grad factor - level - (x - centre) slope) scale.
  void (*gradient)(Runs, const T* grad, const T* x, T factor, GradientTerms<T>, T* out);

  /// Of one row of n elements with a weight each, and a shift unless `bias` is null: out = (x - centre) scale weight + bias.
  void (*weighted)(std::int64_t n, const T* x, T centre, T scale, const T* weight, const T* bias, T* out);
  /// gradient_sums of grad times weight.
  GradientSums (*weighted_gradient_sums)(std::int64_t n, const T* grad, const T* weight, const T* x,
                                         T centre);
  /// out = (grad weight - level - (x - centre) slope) scale.
  void (*weighted_gradient)(std::int64_t n, const T* grad, const T* weight, const T* x, GradientTerms<T>,
                            T* out);
  /// to_weight += grad (x - centre) scale, to_bias += grad.
  void (*add_parameter_gradients)(std::int64_t n, const T* grad, const T* x, T centre, T scale, T* to_weight,
                                  T* to_bias);

  /// The same for columns: centre, scale and so on have one element for each.
  void (*column_sums)(Columns, const T* x, double* sums);
  void (*column_sums_of_squares)(Columns, const T* x, const T* centre, double* sums);
  void (*column_gradient_sums)(Columns, const T* grad, const T* x, const T* centre, double* totals,
                               double* dots);
  void (*column_affine)(Columns, const T* x, const T* centre, const T* scale, const T* shift, T* out);
  void (*column_gradient)(Columns, const T* grad, const T* x, const T* centre, const T* level, const T* slope,
                          const T* scale, T* out);
};

struct NormKernels {
  NormLoops<float> of_float;
  NormLoops<double> of_double;
};

extern const NormKernels kNormBaseline;
#if defined(__x86_64__)
extern const NormKernels kNormAvx2;
extern const NormKernels kNormAvx512;
#endif

/// Those of simd_level().
[[nodiscard]] const NormKernels& norm_kernels() noexcept;

template <class T>
[[nodiscard]] const NormLoops<T>& norm_loops() noexcept {
  if constexpr (sizeof(T) == sizeof(float)) {
    return norm_kernels().of_float;
  } else {
    return norm_kernels().of_double;
  }
}

}  // namespace ballast::detail
