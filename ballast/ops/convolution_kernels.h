// The three products that convolutions are made of, on row-major float32 or float64 memory. Not installed.
//
// `convolve`, `convolve_back` and `convolve_weight` take the fastest way: oneDNN for float32 where it has a
// kernel (convolution_onednn.h), else columns.
#pragma once

#include <cstdint>

#include "ballast/core/tensor.h"
#include "ballast/ops/windows.h"

namespace ballast::detail {

/// What is convolved: x [n, groups * in_channels, in...], w [groups * out_channels, in_channels,
/// kernel...] and
/// y [n, groups * out_channels, out...].
struct ConvolutionProblem {
  std::size_t rank = 2;
  std::int64_t n = 0, groups = 1, in_channels = 0, out_channels = 0;  ///< channels of one group
  Space in{1, 1, 1}, out{1, 1, 1};
  Windows windows;

  /// Products of numbers that one of the three takes.
  [[nodiscard]] double work() const {
    return static_cast<double>(n * groups * in_channels * out_channels) * static_cast<double>(places(out)) *
           static_cast<double>(places(windows.kernel));
  }
  friend bool operator==(const ConvolutionProblem&, const ConvolutionProblem&) = default;
};

// By windows laid out as columns, times the weight, through BLAS.

/// y = x convolved with w, plus the bias of each channel (which may be null).
template <class T>
void convolve_by_columns(const ConvolutionProblem& p, const T* x, const T* w, const T* bias, T* y);
/// x = its adjoint with respect to x: the gradient of x for that of y; plus a bias of each channel of x.
template <class T>
void convolve_back_by_columns(const ConvolutionProblem& p, const T* y, const T* w, const T* bias, T* x);
/// w = the gradient of w for that of y.
template <class T>
void convolve_weight_by_columns(const ConvolutionProblem& p, const T* x, const T* y, T* w);

template <class T>
void convolve(const ConvolutionProblem& p, const T* x, const T* w, const T* bias, T* y);
template <class T>
void convolve_back(const ConvolutionProblem& p, const T* y, const T* w, const T* bias, T* x);
/// With the sum of each channel of y in `bias`, unless that is null.
template <class T>
void convolve_weight(const ConvolutionProblem& p, const T* x, const T* y, T* w, T* bias);

}  // namespace ballast::detail
