// The table of one SimdLevel: the loops over the functions of cpu/pointwise_functions.h. Included once by each file that is
// built for a level. Internal.
#pragma once

#include <algorithm>

#include "ballast/ops/cpu/pointwise_functions.h"

namespace ballast::detail {
namespace {

template <class F, class T>
void pointwise_values(const PointwiseParameters& p, const T* x, T* out, std::int64_t n) {
  const F f(p);
  for (std::int64_t i = 0; i < n; ++i) out[i] = f.value(x[i]);
}

template <class F, class T>
void pointwise_slopes(const PointwiseParameters& p, const T* grad, const T* x, T* out, std::int64_t n) {
  const F f(p);
  for (std::int64_t i = 0; i < n; ++i) out[i] = grad[i] * f.slope(x[i]);
}

template <class F, class T>
void pointwise_bends(const PointwiseParameters& p, const T* a, const T* b, const T* x, T* out,
                     std::int64_t n) {
  const F f(p);
  for (std::int64_t i = 0; i < n; ++i) out[i] = a[i] * b[i] * f.bend(x[i]);
}

/// In double, in 8 sums that run side by side: their order does not depend on the width of a register.
template <class F, class T>
double pointwise_sum_of_differences(const PointwiseParameters& p, const T* x, const T* y, std::int64_t n) {
  const F f(p);
  constexpr std::int64_t kBlock = 256;
  T values[kBlock];
  double total = 0;
  double lane[8] = {};
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, n - begin);
    for (std::int64_t i = 0; i < count; ++i) values[i] = f.value(x[begin + i] - y[begin + i]);
    std::int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
      for (std::int64_t k = 0; k < 8; ++k) lane[k] += static_cast<double>(values[i + k]);
    }
    for (; i < count; ++i) total += static_cast<double>(values[i]);
  }
  return total + (((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7])));
}

template <class F, class T>
void pointwise_slopes_of_differences(const PointwiseParameters& p, T scale, const T* x, const T* y, T* out,
                                     std::int64_t n) {
  const F f(p);
  for (std::int64_t i = 0; i < n; ++i) out[i] = scale * f.slope(x[i] - y[i]);
}

template <class T>
class PointwiseTable {
 public:
  template <template <class> class F>
  constexpr PointwiseTable& add() {
    auto& loops = loops_[static_cast<std::size_t>(F<T>::kId)];
    loops.values = pointwise_values<F<T>, T>;
    loops.slopes = pointwise_slopes<F<T>, T>;
    loops.bends = pointwise_bends<F<T>, T>;
    return *this;
  }
  template <template <class> class F>
  constexpr PointwiseTable& add_loss() {
    add<F>();
    auto& loops = loops_[static_cast<std::size_t>(F<T>::kId)];
    loops.sum_of_differences = pointwise_sum_of_differences<F<T>, T>;
    loops.slopes_of_differences = pointwise_slopes_of_differences<F<T>, T>;
    return *this;
  }
  static constexpr std::array<PointwiseLoops<T>, kPointwiseCount> all() {
    PointwiseTable t;
    t.add<Elu>().template add<Gelu>().template add<GeluTanh>().template add<Hardshrink>();
    t.add<Hardsigmoid>().template add<Hardswish>().template add<Hardtanh>().template add<LeakyRelu>();
    t.add<LogSigmoid>().template add<Mish>().template add<Silu>().template add<Softplus>();
    t.add<Softshrink>().template add<Softsign>().template add<Tanhshrink>().template add<Threshold>();
    t.add<Exp>().template add<Relu>().template add<Sigmoid>().template add<Tanh>();
    t.add_loss<Square>().template add_loss<SmoothL1>().template add_loss<Huber>();
    return t.loops_;
  }

 private:
  std::array<PointwiseLoops<T>, kPointwiseCount> loops_{};
};

template <class F, class T>
void paired_values(const T* x, const T* y, const T* p, T* out, std::int64_t n) {
  if (p == nullptr) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = F::value(x[i], y[i], T{1});
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = F::value(x[i], y[i], p[i]);
  }
}

template <class F, class T>
void paired_slopes(const T* x, const T* y, const T* p, T* out, std::int64_t n) {
  if (p == nullptr) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = F::slope(x[i], y[i], T{1});
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = F::slope(x[i], y[i], p[i]);
  }
}

/// In the order of PairedLoss.
template <class T>
constexpr std::array<PairedLoops<T>, kPairedLossCount> paired_table() {
  return {{{paired_values<BinaryCrossEntropy, T>, paired_slopes<BinaryCrossEntropy, T>},
           {paired_values<BinaryCrossEntropyOfLogits, T>, paired_slopes<BinaryCrossEntropyOfLogits, T>},
           {paired_values<SoftMargin, T>, paired_slopes<SoftMargin, T>}}};
}

constexpr PointwiseKernels pointwise_table() {
  return {PointwiseTable<float>::all(), PointwiseTable<double>::all(), paired_table<float>(),
          paired_table<double>()};
}

}  // namespace
}  // namespace ballast::detail
