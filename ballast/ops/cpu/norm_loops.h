// The table of one SimdLevel. Included once by each file that is built for a level. Internal.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "ballast/ops/cpu/lanes.h"
#include "ballast/ops/cpu/norm_kernels.h"

namespace ballast::detail {
namespace {

/// The number, or the numbers of all lanes, at `p`; and `x` as such.
template <class V, class T>
inline V read(const T* p) {
  if constexpr (std::is_same_v<V, T>) {
    return *p;
  } else {
    return V::load(p);
  }
}
template <class V, class T>
inline V all_of(T x) {
  if constexpr (std::is_same_v<V, T>) {
    return x;
  } else {
    return V::all(x);
  }
}

// What is summed: terms.at<V>(i) gives those of element i, or, for V = Lanes, of as many elements from i on.
template <class T>
struct Values {
  const T* x;
  template <class V>
  std::array<V, 1> at(std::int64_t i) const {
    return {read<V>(x + i)};
  }
};
template <class T>
struct Squares {
  const T* x;
  T centre;
  template <class V>
  std::array<V, 1> at(std::int64_t i) const {
    const V d = read<V>(x + i) - all_of<V>(centre);
    return {d * d};
  }
};
template <class T>
struct GradientProducts {
  const T *grad, *x;
  T centre;
  template <class V>
  std::array<V, 2> at(std::int64_t i) const {
    const V g = read<V>(grad + i);
    return {g, g * (read<V>(x + i) - all_of<V>(centre))};
  }
};
template <class T>
struct WeightedProducts {
  const T *grad, *weight, *x;
  T centre;
  template <class V>
  std::array<V, 2> at(std::int64_t i) const {
    const V g = read<V>(grad + i) * read<V>(weight + i);
    return {g, g * (read<V>(x + i) - all_of<V>(centre))};
  }
};

/// Sums that grow by two groups of lanes at a time. Lanes are emptied into doubles before they hold more than kSumPiece terms.
template <class T, std::size_t kSums>
class LaneSums {
 public:
  static constexpr std::int64_t kStep = 2 * Lanes<T>::kCount;

  LaneSums() { clear(); }

  template <class Terms>
  void add_run(const Terms& terms, std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    while (end - i >= kStep) {
      const std::int64_t steps = std::min((end - i) / kStep, left_);
      for (std::int64_t k = 0; k < steps; ++k, i += kStep) {
        add(even_, terms.template at<Lanes<T>>(i));
        add(odd_, terms.template at<Lanes<T>>(i + Lanes<T>::kCount));
      }
      left_ -= steps;
      if (left_ == 0) empty();
    }
    for (; i < end; ++i) {
      const std::array<T, kSums> one = terms.template at<T>(i);
      for (std::size_t s = 0; s < kSums; ++s) single_[s] += static_cast<double>(one[s]);
    }
  }

  std::array<double, kSums> totals() {
    empty();
    std::array<double, kSums> out = single_;
    for (std::size_t s = 0; s < kSums; ++s) {
      for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
        for (std::size_t k = 0; k < half; ++k) long_[s][k] += long_[s][k + half];
      }
      out[s] += long_[s][0];
    }
    return out;
  }

 private:
  static constexpr std::size_t kLanes = static_cast<std::size_t>(Lanes<T>::kCount);
  static constexpr std::int64_t kSumPiece = 1024;

  static void add(std::array<Lanes<T>, kSums>& to, const std::array<Lanes<T>, kSums>& terms) {
    for (std::size_t s = 0; s < kSums; ++s) to[s].add(terms[s]);
  }
  void clear() {
    even_.fill(Lanes<T>::all(0));
    odd_.fill(Lanes<T>::all(0));
    left_ = kSumPiece / kStep;
  }
  void empty() {
    T values[kLanes];
    for (std::size_t s = 0; s < kSums; ++s) {
      even_[s].add(odd_[s]);
      even_[s].store(values);
      for (std::size_t k = 0; k < kLanes; ++k) long_[s][k] += static_cast<double>(values[k]);
    }
    clear();
  }

  std::array<Lanes<T>, kSums> even_, odd_;
  std::int64_t left_ = 0;  // steps until the lanes are full
  double long_[kSums][kLanes] = {};
  std::array<double, kSums> single_{};  // of elements that fill no step
};

template <class T, std::size_t kSums, class Terms>
inline std::array<double, kSums> sums_of_runs(Runs r, const Terms& terms) {
  LaneSums<T, kSums> sums;
  for (std::int64_t k = 0; k < r.count; ++k) sums.add_run(terms, k * r.stride, k * r.stride + r.n);
  return sums.totals();
}

template <class T>
double sum_loop(Runs r, const T* x) {
  return sums_of_runs<T, 1>(r, Values<T>{x})[0];
}
template <class T>
double sum_of_squares_loop(Runs r, const T* x, T centre) {
  return sums_of_runs<T, 1>(r, Squares<T>{x, centre})[0];
}
template <class T>
GradientSums gradient_sums_loop(Runs r, const T* grad, const T* x, T centre) {
  const auto sums = sums_of_runs<T, 2>(r, GradientProducts<T>{grad, x, centre});
  return {sums[0], sums[1]};
}
template <class T>
GradientSums weighted_gradient_sums_loop(std::int64_t n, const T* grad, const T* weight, const T* x,
                                         T centre) {
  const auto sums = sums_of_runs<T, 2>(Runs{1, n, n}, WeightedProducts<T>{grad, weight, x, centre});
  return {sums[0], sums[1]};
}

template <class T>
void affine_loop(Runs r, const T* x, T centre, T scale, T shift, T* out) {
  for (std::int64_t k = 0; k < r.count; ++k) {
    const T* const from = x + k * r.stride;
    T* const to = out + k * r.stride;
    for (std::int64_t i = 0; i < r.n; ++i) to[i] = (from[i] - centre) * scale + shift;
  }
}
template <class T>
void gradient_loop(Runs r, const T* grad, const T* x, T factor, GradientTerms<T> t, T* out) {
  for (std::int64_t k = 0; k < r.count; ++k) {
    const T* const g = grad + k * r.stride;
    const T* const from = x + k * r.stride;
    T* const to = out + k * r.stride;
    for (std::int64_t i = 0; i < r.n; ++i) {
      to[i] = (g[i] * factor - t.level - (from[i] - t.centre) * t.slope) * t.scale;
    }
  }
}
template <class T>
void weighted_loop(std::int64_t n, const T* x, T centre, T scale, const T* weight, const T* bias, T* out) {
  if (bias == nullptr) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = (x[i] - centre) * scale * weight[i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = (x[i] - centre) * scale * weight[i] + bias[i];
  }
}
template <class T>
void weighted_gradient_loop(std::int64_t n, const T* grad, const T* weight, const T* x, GradientTerms<T> t,
                            T* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = (grad[i] * weight[i] - t.level - (x[i] - t.centre) * t.slope) * t.scale;
  }
}
template <class T>
void add_parameter_gradients_loop(std::int64_t n, const T* grad, const T* x, T centre, T scale, T* to_weight,
                                  T* to_bias) {
  for (std::int64_t i = 0; i < n; ++i) {
    to_weight[i] += grad[i] * (x[i] - centre) * scale;
    to_bias[i] += grad[i];
  }
}

/// Columns that are summed side by side, and as many of their rows as are summed in T before they go into doubles.
constexpr std::int64_t kColumnBlock = 256;
constexpr std::int64_t kColumnPiece = 64;

/// Sums over rows: row(place of the first element, first column, columns, block) adds the terms of one to a block for each sum.
template <class T, std::size_t kSums, class Row>
inline void sums_of_columns(Columns c, const std::array<double*, kSums>& sums, const Row& row) {
  T block[kSums][kColumnBlock];
  for (double* const sum : sums) std::fill_n(sum, c.n, 0.0);
  for (std::int64_t j = 0; j < c.n; j += kColumnBlock) {
    const std::int64_t columns = std::min(kColumnBlock, c.n - j);
    for (std::int64_t begin = 0; begin < c.rows; begin += kColumnPiece) {
      for (auto& one : block) std::fill_n(one, columns, T{0});
      const std::int64_t end = std::min(begin + kColumnPiece, c.rows);
      for (std::int64_t r = begin; r < end; ++r) row(r * c.stride + j, j, columns, block);
      for (std::size_t s = 0; s < kSums; ++s) {
        for (std::int64_t k = 0; k < columns; ++k) sums[s][j + k] += static_cast<double>(block[s][k]);
      }
    }
  }
}

template <class T>
void column_sums_loop(Columns c, const T* x, double* sums) {
  sums_of_columns<T, 1>(c, {sums}, [x](std::int64_t at, std::int64_t, std::int64_t columns, auto& block) {
    for (std::int64_t k = 0; k < columns; ++k) block[0][k] += x[at + k];
  });
}
template <class T>
void column_sums_of_squares_loop(Columns c, const T* x, const T* centre, double* sums) {
  sums_of_columns<T, 1>(c, {sums},
                        [x, centre](std::int64_t at, std::int64_t j, std::int64_t columns, auto& block) {
                          for (std::int64_t k = 0; k < columns; ++k) {
                            block[0][k] += (x[at + k] - centre[j + k]) * (x[at + k] - centre[j + k]);
                          }
                        });
}
template <class T>
void column_gradient_sums_loop(Columns c, const T* grad, const T* x, const T* centre, double* totals,
                               double* dots) {
  sums_of_columns<T, 2>(
      c, {totals, dots},
      [grad, x, centre](std::int64_t at, std::int64_t j, std::int64_t columns, auto& block) {
        for (std::int64_t k = 0; k < columns; ++k) {
          block[0][k] += grad[at + k];
          block[1][k] += grad[at + k] * (x[at + k] - centre[j + k]);
        }
      });
}
template <class T>
void column_affine_loop(Columns c, const T* x, const T* centre, const T* scale, const T* shift, T* out) {
  for (std::int64_t r = 0; r < c.rows; ++r) {
    const T* const from = x + r * c.stride;
    T* const to = out + r * c.stride;
    for (std::int64_t k = 0; k < c.n; ++k) to[k] = (from[k] - centre[k]) * scale[k] + shift[k];
  }
}
template <class T>
void column_gradient_loop(Columns c, const T* grad, const T* x, const T* centre, const T* level,
                          const T* slope, const T* scale, T* out) {
  for (std::int64_t r = 0; r < c.rows; ++r) {
    const T* const g = grad + r * c.stride;
    const T* const from = x + r * c.stride;
    T* const to = out + r * c.stride;
    for (std::int64_t k = 0; k < c.n; ++k) {
      to[k] = (g[k] - level[k] - (from[k] - centre[k]) * slope[k]) * scale[k];
    }
  }
}

template <class T>
constexpr NormLoops<T> norm_loops_of() {
  return {sum_loop<T>,
          sum_of_squares_loop<T>,
          gradient_sums_loop<T>,
          affine_loop<T>,
          gradient_loop<T>,
          weighted_loop<T>,
          weighted_gradient_sums_loop<T>,
          weighted_gradient_loop<T>,
          add_parameter_gradients_loop<T>,
          column_sums_loop<T>,
          column_sums_of_squares_loop<T>,
          column_gradient_sums_loop<T>,
          column_affine_loop<T>,
          column_gradient_loop<T>};
}

constexpr NormKernels norm_table() { return {norm_loops_of<float>(), norm_loops_of<double>()}; }

}  // namespace
}  // namespace ballast::detail
