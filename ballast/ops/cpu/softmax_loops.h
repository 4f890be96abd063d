// The table of one SimdLevel. Included once by each file that is built for a level. Internal.
//
// Rows (inner == 1) are taken in blocks: however short they are, exp runs over the whole block in vectors. Columns (inner > 1)
// are taken side by side.
#pragma once

#include <algorithm>
#include <limits>

#include "ballast/ops/cpu/functions.h"
#include "ballast/ops/cpu/lanes.h"
#include "ballast/ops/cpu/softmax_kernels.h"

namespace ballast::detail {
namespace {

template <class T>
inline T larger_of(T a, T b) {
  return b > a ? b : a;
}
template <class T>
inline T sum_of_two(T a, T b) {
  return a + b;
}

template <class T>
inline T largest(const T* x, std::int64_t n) {
  std::int64_t i = 0;
  T most = -std::numeric_limits<T>::infinity();
  if (n >= Lanes<T>::kCount) {
    auto lanes = Lanes<T>::all(most);
    for (; i + Lanes<T>::kCount <= n; i += Lanes<T>::kCount) lanes.keep_larger(Lanes<T>::load(x + i));
    most = lanes.join(larger_of<T>);
  }
  for (; i < n; ++i) most = larger_of(most, x[i]);
  return most;
}

template <class T>
inline T sum_of_row(const T* x, std::int64_t n) {
  std::int64_t i = 0;
  T sum = 0;
  if (n >= Lanes<T>::kCount) {
    auto lanes = Lanes<T>::all(0);
    for (; i + Lanes<T>::kCount <= n; i += Lanes<T>::kCount) lanes.add(Lanes<T>::load(x + i));
    sum = lanes.join(sum_of_two<T>);
  }
  for (; i < n; ++i) sum += x[i];
  return sum;
}

template <class T>
inline T dot_of_rows(const T* x, const T* y, std::int64_t n) {
  std::int64_t i = 0;
  T sum = 0;
  if (n >= Lanes<T>::kCount) {
    auto lanes = Lanes<T>::all(0);
    for (; i + Lanes<T>::kCount <= n; i += Lanes<T>::kCount) {
      lanes.add_product(Lanes<T>::load(x + i), Lanes<T>::load(y + i));
    }
    sum = lanes.join(sum_of_two<T>);
  }
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

template <class T>
inline void exp_in_place(T* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] = exp_of(x[i]);
}

/// As many elements as a pass over rows or columns takes at a time.
constexpr std::int64_t kSoftmaxBlock = 1024;

/// part(begin, end) for blocks of rows of n elements.
template <class Part>
inline void each_block(std::int64_t rows, std::int64_t n, const Part& part) {
  const std::int64_t step = std::max<std::int64_t>(kSoftmaxBlock / std::max<std::int64_t>(n, 1), 1);
  for (std::int64_t begin = 0; begin < rows; begin += step) part(begin, std::min(begin + step, rows));
}

/// out = x - max(x) for each row; gives the largest to `keep`.
template <class T, class Keep>
inline void shift_rows(const T* x, T* out, std::int64_t begin, std::int64_t end, std::int64_t n,
                       const Keep& keep) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T* const from = x + r * n;
    T* const to = out + (r - begin) * n;
    const T most = largest(from, n);
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] - most;
    keep(r, most);
  }
}

template <class T>
void softmax_of_rows(const T* x, T* out, std::int64_t rows, std::int64_t n) {
  each_block(rows, n, [=](std::int64_t begin, std::int64_t end) {
    shift_rows(x, out + begin * n, begin, end, n, [](std::int64_t, T) {});
    exp_in_place(out + begin * n, (end - begin) * n);
    for (std::int64_t r = begin; r < end; ++r) {
      T* const y = out + r * n;
      const T scale = 1 / sum_of_row(y, n);
      for (std::int64_t i = 0; i < n; ++i) y[i] *= scale;
    }
  });
}

/// The largest of each row, and log(sum(exp(x - largest))).
template <class T>
void log_sum_exp_of_rows(const T* x, T* most, T* log_sum, std::int64_t rows, std::int64_t n) {
  T block[kSoftmaxBlock];
  if (n > kSoftmaxBlock) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* const row = x + r * n;
      most[r] = largest(row, n);
      T sum = 0;
      for (std::int64_t at = 0; at < n; at += kSoftmaxBlock) {
        const std::int64_t count = std::min(kSoftmaxBlock, n - at);
        for (std::int64_t i = 0; i < count; ++i) block[i] = exp_of(row[at + i] - most[r]);
        sum += sum_of_row(block, count);
      }
      log_sum[r] = log_of(sum);
    }
    return;
  }
  each_block(rows, n, [=, &block](std::int64_t begin, std::int64_t end) {
    shift_rows(x, block, begin, end, n, [=](std::int64_t r, T value) { most[r] = value; });
    exp_in_place(block, (end - begin) * n);
    for (std::int64_t r = begin; r < end; ++r) log_sum[r] = log_of(sum_of_row(block + (r - begin) * n, n));
  });
}

template <class T>
void log_softmax_of_rows(const T* x, T* out, std::int64_t rows, std::int64_t n) {
  T most[kSoftmaxBlock];
  T log_sum[kSoftmaxBlock];
  each_block(rows, n, [=, &most, &log_sum](std::int64_t begin, std::int64_t end) {
    log_sum_exp_of_rows(x + begin * n, most, log_sum, end - begin, n);
    for (std::int64_t r = begin; r < end; ++r) {
      const T above = most[r - begin];
      const T rest = log_sum[r - begin];
      for (std::int64_t i = r * n; i < (r + 1) * n; ++i) out[i] = (x[i] - above) - rest;
    }
  });
}

template <class T>
void softmax_gradient_of_rows(const T* grad, const T* y, T* out, std::int64_t rows, std::int64_t n) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t at = r * n;
    const T dot = dot_of_rows(grad + at, y + at, n);
    for (std::int64_t i = at; i < at + n; ++i) out[i] = (grad[i] - dot) * y[i];
  }
}

template <class T>
void log_softmax_gradient_of_rows(const T* grad, const T* y, T* out, std::int64_t rows, std::int64_t n) {
  T block[kSoftmaxBlock];
  const auto subtract = [=, &block](std::int64_t at, std::int64_t count, T sum) {
    for (std::int64_t i = 0; i < count; ++i) out[at + i] = grad[at + i] - block[i] * sum;
  };
  if (n > kSoftmaxBlock) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const T sum = sum_of_row(grad + r * n, n);
      for (std::int64_t at = 0; at < n; at += kSoftmaxBlock) {
        const std::int64_t count = std::min(kSoftmaxBlock, n - at);
        for (std::int64_t i = 0; i < count; ++i) block[i] = exp_of(y[r * n + at + i]);
        subtract(r * n + at, count, sum);
      }
    }
    return;
  }
  each_block(rows, n, [=, &block](std::int64_t begin, std::int64_t end) {
    const std::int64_t count = (end - begin) * n;
    for (std::int64_t i = 0; i < count; ++i) block[i] = exp_of(y[begin * n + i]);
    for (std::int64_t r = begin; r < end; ++r) {
      const T sum = sum_of_row(grad + r * n, n);
      const T* const e = block + (r - begin) * n;
      for (std::int64_t i = 0; i < n; ++i) out[r * n + i] = grad[r * n + i] - e[i] * sum;
    }
  });
}

template <class T>
void scaled_softmax_of_rows(const T* x, const T* most, const T* log_sum, const T* scale, T* out,
                            std::int64_t rows, std::int64_t n) {
  each_block(rows, n, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      for (std::int64_t i = r * n; i < (r + 1) * n; ++i) out[i] = (x[i] - most[r]) - log_sum[r];
    }
    exp_in_place(out + begin * n, (end - begin) * n);
    for (std::int64_t r = begin; r < end; ++r) {
      for (std::int64_t i = r * n; i < (r + 1) * n; ++i) out[i] *= scale[r];
    }
  });
}

/// part(place of the first element, place in [outer, inner], columns) for blocks of at most kSoftmaxBlock columns.
template <class Part>
inline void each_columns(const SoftmaxShape& s, const Part& part) {
  for (std::int64_t o = 0; o < s.outer; ++o) {
    for (std::int64_t j = 0; j < s.inner; j += kSoftmaxBlock) {
      part(o * s.n * s.inner + j, o * s.inner + j, std::min(kSoftmaxBlock, s.inner - j));
    }
  }
}

/// The largest of each column, and the sum of exp(x - largest).
template <class T>
inline void sums_of_columns(const SoftmaxShape& s, const T* x, std::int64_t columns, T* most, T* sum) {
  std::fill_n(most, columns, -std::numeric_limits<T>::infinity());
  std::fill_n(sum, columns, T{0});
  for (std::int64_t d = 0; d < s.n; ++d) {
    for (std::int64_t j = 0; j < columns; ++j) most[j] = larger_of(most[j], x[d * s.inner + j]);
  }
  for (std::int64_t d = 0; d < s.n; ++d) {
    for (std::int64_t j = 0; j < columns; ++j) sum[j] += exp_of(x[d * s.inner + j] - most[j]);
  }
}

template <class T>
void softmax_loop(SoftmaxShape s, const T* x, T* out) {
  if (s.inner == 1) return softmax_of_rows(x, out, s.outer, s.n);
  T most[kSoftmaxBlock];
  T sum[kSoftmaxBlock];
  each_columns(s, [&](std::int64_t first, std::int64_t, std::int64_t columns) {
    sums_of_columns(s, x + first, columns, most, sum);
    for (std::int64_t j = 0; j < columns; ++j) sum[j] = 1 / sum[j];
    for (std::int64_t d = 0; d < s.n; ++d) {
      const T* const from = x + first + d * s.inner;
      T* const to = out + first + d * s.inner;
      for (std::int64_t j = 0; j < columns; ++j) to[j] = exp_of(from[j] - most[j]) * sum[j];
    }
  });
}

template <class T>
void log_softmax_loop(SoftmaxShape s, const T* x, T* out) {
  if (s.inner == 1) return log_softmax_of_rows(x, out, s.outer, s.n);
  T most[kSoftmaxBlock];
  T sum[kSoftmaxBlock];
  each_columns(s, [&](std::int64_t first, std::int64_t, std::int64_t columns) {
    sums_of_columns(s, x + first, columns, most, sum);
    for (std::int64_t j = 0; j < columns; ++j) sum[j] = log_of(sum[j]);
    for (std::int64_t d = 0; d < s.n; ++d) {
      const T* const from = x + first + d * s.inner;
      T* const to = out + first + d * s.inner;
      for (std::int64_t j = 0; j < columns; ++j) to[j] = (from[j] - most[j]) - sum[j];
    }
  });
}

template <class T>
void log_sum_exp_loop(SoftmaxShape s, const T* x, T* most, T* log_sum) {
  if (s.inner == 1) return log_sum_exp_of_rows(x, most, log_sum, s.outer, s.n);
  each_columns(s, [&](std::int64_t first, std::int64_t place, std::int64_t columns) {
    sums_of_columns(s, x + first, columns, most + place, log_sum + place);
    for (std::int64_t j = place; j < place + columns; ++j) log_sum[j] = log_of(log_sum[j]);
  });
}

template <class T>
void softmax_gradient_loop(SoftmaxShape s, const T* grad, const T* y, T* out) {
  if (s.inner == 1) return softmax_gradient_of_rows(grad, y, out, s.outer, s.n);
  T dot[kSoftmaxBlock];
  each_columns(s, [&](std::int64_t first, std::int64_t, std::int64_t columns) {
    std::fill_n(dot, columns, T{0});
    for (std::int64_t d = 0; d < s.n; ++d) {
      const std::int64_t at = first + d * s.inner;
      for (std::int64_t j = 0; j < columns; ++j) dot[j] += grad[at + j] * y[at + j];
    }
    for (std::int64_t d = 0; d < s.n; ++d) {
      const std::int64_t at = first + d * s.inner;
      for (std::int64_t j = 0; j < columns; ++j) out[at + j] = (grad[at + j] - dot[j]) * y[at + j];
    }
  });
}

template <class T>
void log_softmax_gradient_loop(SoftmaxShape s, const T* grad, const T* y, T* out) {
  if (s.inner == 1) return log_softmax_gradient_of_rows(grad, y, out, s.outer, s.n);
  T sum[kSoftmaxBlock];
  each_columns(s, [&](std::int64_t first, std::int64_t, std::int64_t columns) {
    std::fill_n(sum, columns, T{0});
    for (std::int64_t d = 0; d < s.n; ++d) {
      for (std::int64_t j = 0; j < columns; ++j) sum[j] += grad[first + d * s.inner + j];
    }
    for (std::int64_t d = 0; d < s.n; ++d) {
      const std::int64_t at = first + d * s.inner;
      for (std::int64_t j = 0; j < columns; ++j) out[at + j] = grad[at + j] - exp_of(y[at + j]) * sum[j];
    }
  });
}

template <class T>
void scaled_softmax_loop(SoftmaxShape s, const T* x, const T* most, const T* log_sum, const T* scale,
                         T* out) {
  if (s.inner == 1) return scaled_softmax_of_rows(x, most, log_sum, scale, out, s.outer, s.n);
  each_columns(s, [&](std::int64_t first, std::int64_t place, std::int64_t columns) {
    const T* const above = most + place;
    const T* const rest = log_sum + place;
    const T* const factor = scale + place;
    for (std::int64_t d = 0; d < s.n; ++d) {
      const T* const from = x + first + d * s.inner;
      T* const to = out + first + d * s.inner;
      for (std::int64_t j = 0; j < columns; ++j) {
        to[j] = exp_of((from[j] - above[j]) - rest[j]) * factor[j];
      }
    }
  });
}

template <class T>
constexpr SoftmaxLoops<T> softmax_loops_of() {
  return {softmax_loop<T>,     log_softmax_loop<T>,   softmax_gradient_loop<T>, log_softmax_gradient_loop<T>,
          log_sum_exp_loop<T>, scaled_softmax_loop<T>};
}

constexpr SoftmaxKernels softmax_table() { return {softmax_loops_of<float>(), softmax_loops_of<double>()}; }

}  // namespace
}  // namespace ballast::detail
