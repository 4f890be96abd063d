#include "ballast/ops/convolution_kernels.h"

#include "ballast/core/parallel.h"
#include "ballast/ops/blas.h"
#include "ballast/ops/channels.h"
#include "ballast/ops/columns.h"
#include "ballast/ops/convolution_onednn.h"

namespace ballast::detail {
namespace {

/// The sizes of the matrices of one sample and one group: [filters, taps] x [taps, windows].
struct Shape {
  explicit Shape(const ConvolutionProblem& p)
      : filters(p.out_channels),
        taps(p.in_channels * places(p.windows.kernel)),
        windows(places(p.out)),
        x_part(p.in_channels * places(p.in)),
        y_part(filters * windows),
        w_part(filters * taps) {}
  [[nodiscard]] bool empty() const { return filters == 0 || taps == 0 || windows == 0; }

  std::int64_t filters, taps, windows;
  std::int64_t x_part, y_part, w_part;  ///< elements of one group
};

/// Whether the image itself is the matrix of its windows.
bool is_matrix(const ConvolutionProblem& p) {
  return p.windows == Windows{.stride = {1, 1, 1}} && p.in == p.out;
}

template <class T>
Tensor scratch(std::int64_t n) {
  return empty(n, dtype_of<T>);
}

/// How many samples one thread takes at least.
std::int64_t samples_at_once(const ConvolutionProblem& p) {
  constexpr double kWorth = 4e6;
  const double each = p.work() / static_cast<double>(std::max<std::int64_t>(p.n, 1));
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(kWorth / std::max(each, 1.0)));
}

/// out[c] += bias[c], or = 0 without one.
template <class T>
void start_channels(T* out, std::int64_t channels, std::int64_t each, const T* bias) {
  for (std::int64_t c = 0; c < channels; ++c)
    std::fill(out + c * each, out + (c + 1) * each, bias != nullptr ? bias[c] : T(0));
}

}  // namespace

template <class T>
void convolve_by_columns(const ConvolutionProblem& p, const T* x, const T* w, const T* bias, T* y) {
  const Shape s(p);
  parallel_for(p.n, samples_at_once(p), [&](std::int64_t begin, std::int64_t end) {
    const bool direct = is_matrix(p);
    const Tensor columns = scratch<T>(direct || s.empty() ? 0 : s.taps * s.windows);
    for (std::int64_t i = begin; i < end; ++i) {
      start_channels(y + i * p.groups * s.y_part, p.groups * s.filters, s.windows, bias);
      if (s.empty()) continue;
      for (std::int64_t g = 0; g < p.groups; ++g) {
        const T* matrix = x + (i * p.groups + g) * s.x_part;
        if (!direct) {
          to_columns(matrix, columns.data_ptr<T>(), p.in_channels, p.in, p.out, p.windows);
          matrix = columns.data_ptr<T>();
        }
        blas::gemm(s.filters, s.windows, s.taps, T(1), {w + g * s.w_part, s.taps}, {matrix, s.windows}, T(1),
                   y + (i * p.groups + g) * s.y_part, s.windows);
      }
    }
  });
}

template <class T>
void convolve_back_by_columns(const ConvolutionProblem& p, const T* y, const T* w, const T* bias, T* x) {
  const Shape s(p);
  parallel_for(p.n, samples_at_once(p), [&](std::int64_t begin, std::int64_t end) {
    const bool direct = is_matrix(p);
    const Tensor columns = scratch<T>(direct || s.empty() ? 0 : s.taps * s.windows);
    for (std::int64_t i = begin; i < end; ++i) {
      start_channels(x + i * p.groups * s.x_part, p.groups * p.in_channels, places(p.in), bias);
      if (s.empty()) continue;
      for (std::int64_t g = 0; g < p.groups; ++g) {
        T* const image = x + (i * p.groups + g) * s.x_part;
        T* const matrix = direct ? image : columns.data_ptr<T>();
        if (!direct) std::fill(matrix, matrix + s.taps * s.windows, T(0));
        blas::gemm(s.taps, s.windows, s.filters, T(1), {w + g * s.w_part, s.taps, true},
                   {y + (i * p.groups + g) * s.y_part, s.windows}, T(1), matrix, s.windows);
        if (!direct) add_columns(matrix, image, p.in_channels, p.in, p.out, p.windows);
      }
    }
  });
}

template <class T>
void convolve_weight_by_columns(const ConvolutionProblem& p, const T* x, const T* y, T* w) {
  const Shape s(p);
  std::fill(w, w + p.groups * s.w_part, T(0));
  if (s.empty()) return;
  const bool direct = is_matrix(p);
  // Samples are added one after the other, whatever the number of threads.
  parallel_for(p.groups, 1, [&](std::int64_t begin, std::int64_t end) {
    const Tensor columns = scratch<T>(direct ? 0 : s.taps * s.windows);
    for (std::int64_t g = begin; g < end; ++g) {
      for (std::int64_t i = 0; i < p.n; ++i) {
        const T* matrix = x + (i * p.groups + g) * s.x_part;
        if (!direct) {
          to_columns(matrix, columns.data_ptr<T>(), p.in_channels, p.in, p.out, p.windows);
          matrix = columns.data_ptr<T>();
        }
        blas::gemm(s.filters, s.taps, s.windows, T(1), {y + (i * p.groups + g) * s.y_part, s.windows},
                   {matrix, s.windows, true}, T(1), w + g * s.w_part, s.taps);
      }
    }
  });
}

template <class T>
void convolve(const ConvolutionProblem& p, const T* x, const T* w, const T* bias, T* y) {
  if constexpr (std::is_same_v<T, float>) {
    if (convolve_by_onednn(p, x, w, bias, y)) return;
  }
  convolve_by_columns(p, x, w, bias, y);
}

template <class T>
void convolve_back(const ConvolutionProblem& p, const T* y, const T* w, const T* bias, T* x) {
  if constexpr (std::is_same_v<T, float>) {
    if (convolve_back_by_onednn(p, y, w, bias, x)) return;
  }
  convolve_back_by_columns(p, y, w, bias, x);
}

template <class T>
void convolve_weight(const ConvolutionProblem& p, const T* x, const T* y, T* w, T* bias) {
  if constexpr (std::is_same_v<T, float>) {
    if (convolve_weight_by_onednn(p, x, y, w, bias)) return;
  }
  convolve_weight_by_columns(p, x, y, w);
  const std::int64_t channels = p.groups * p.out_channels, each = places(p.out);
  for (std::int64_t c = 0; bias != nullptr && c < channels; ++c) {
    double total = 0;
    for (std::int64_t i = 0; i < p.n; ++i) {
      const T* const row = y + (i * channels + c) * each;
      total += long_sum<T>(each, [row](std::int64_t k) { return row[k]; });
    }
    bias[c] = static_cast<T>(total);
  }
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type takes none
#define BALLAST_INSTANTIATE(T)                                                                         \
  template void convolve_by_columns(const ConvolutionProblem&, const T*, const T*, const T*, T*);      \
  template void convolve_back_by_columns(const ConvolutionProblem&, const T*, const T*, const T*, T*); \
  template void convolve_weight_by_columns(const ConvolutionProblem&, const T*, const T*, T*);         \
  template void convolve(const ConvolutionProblem&, const T*, const T*, const T*, T*);                 \
  template void convolve_back(const ConvolutionProblem&, const T*, const T*, const T*, T*);            \
  template void convolve_weight(const ConvolutionProblem&, const T*, const T*, T*, T*)
BALLAST_INSTANTIATE(float);
BALLAST_INSTANTIATE(double);
#undef BALLAST_INSTANTIATE
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace ballast::detail
