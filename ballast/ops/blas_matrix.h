// A tensor of two dimensions as BLAS reads it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "ballast/core/tensor.h"
#include "ballast/ops/blas.h"

namespace ballast::detail {

/// Whether BLAS can read the matrix where it is, and how.
template <class T>
[[nodiscard]] std::optional<blas::Matrix<T>> blas_matrix(const Tensor& t) {
  const auto reads = [](std::int64_t inner, std::int64_t inner_size, std::int64_t outer,
                        std::int64_t outer_size) {
    return (inner == 1 || inner_size == 1) &&
           (outer_size == 1 || outer >= std::max<std::int64_t>(inner_size, 1));
  };
  if (reinterpret_cast<std::uintptr_t>(t.data_ptr()) % alignof(T) != 0) return std::nullopt;
  const auto step = [](std::int64_t stride, std::int64_t count, std::int64_t row) {
    return count == 1 ? row : stride;
  };
  const std::int64_t rows = t.sizes()[0];
  const std::int64_t columns = t.sizes()[1];
  const std::int64_t down = t.strides()[0];
  const std::int64_t across = t.strides()[1];
  if (reads(across, columns, down, rows))
    return blas::Matrix<T>{t.data_ptr<T>(), step(down, rows, columns), false};
  if (reads(down, rows, across, columns))
    return blas::Matrix<T>{t.data_ptr<T>(), step(across, columns, rows), true};
  return std::nullopt;
}

}  // namespace ballast::detail
