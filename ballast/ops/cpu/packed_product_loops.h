// The loops of packed_product_kernels.h: a tile of rows times two vectors of columns stays in registers over
// all of k. Everything here has internal linkage.
#pragma once

#include <array>
#include <cstdint>

#include "ballast/ops/cpu/float_lanes.h"
#include "ballast/ops/cpu/packed_product_kernels.h"

namespace ballast::detail {
namespace {

template <class F, int Rows>
inline void multiply_tile(std::int64_t k, const float* a, std::int64_t a_row, std::int64_t a_k,
                          const float* panel, float* c, std::int64_t c_step) {
  using Float = typename F::Float;
  constexpr std::int64_t kLanes = sizeof(Float) / sizeof(float);
  Float left[Rows], right[Rows];
  for (int r = 0; r < Rows; ++r) {
    left[r] = load_at<Float>(c + r * c_step);
    right[r] = load_at<Float>(c + r * c_step + kLanes);
  }
  for (std::int64_t i = 0; i < k; ++i, panel += 2 * kLanes, a += a_k) {
    const Float b0 = load_at<Float>(panel);
    const Float b1 = load_at<Float>(panel + kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Float x = F::all(a[r * a_row]);
      left[r] = F::fma(x, b0, left[r]);
      right[r] = F::fma(x, b1, right[r]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    store_at(c + r * c_step, left[r]);
    store_at(c + r * c_step + kLanes, right[r]);
  }
}

template <class F, int Rows>
inline void multiply_rows(std::int64_t rows, std::int64_t k, const float* a, std::int64_t a_row,
                          std::int64_t a_k, const float* panel, float* c, std::int64_t c_step) {
  std::int64_t r = 0;
  for (; r + Rows <= rows; r += Rows)
    multiply_tile<F, Rows>(k, a + r * a_row, a_row, a_k, panel, c + r * c_step, c_step);
  if constexpr (Rows > 1) {
    if (r < rows) {
      multiply_rows<F, (Rows + 1) / 2>(rows - r, k, a + r * a_row, a_row, a_k, panel, c + r * c_step, c_step);
    }
  }
}

template <class F, int Rows>
void multiply_panel(std::int64_t rows, std::int64_t k, const float* a, std::int64_t a_row, std::int64_t a_k,
                    const float* panel, float* c, std::int64_t c_step, std::int64_t n) {
  constexpr std::int64_t kColumns = 2 * sizeof(typename F::Float) / sizeof(float);
  if (n == kColumns) {
    multiply_rows<F, Rows>(rows, k, a, a_row, a_k, panel, c, c_step);
    return;
  }
  // The last columns, through a tile that is whole.
  std::array<float, Rows * kColumns> tile{};
  for (std::int64_t r = 0; r < rows; r += Rows) {
    const std::int64_t here = rows - r < Rows ? rows - r : Rows;
    for (std::int64_t i = 0; i < here; ++i) {
      for (std::int64_t j = 0; j < n; ++j)
        tile[static_cast<std::size_t>(i * kColumns + j)] = c[(r + i) * c_step + j];
    }
    multiply_rows<F, Rows>(here, k, a + r * a_row, a_row, a_k, panel, tile.data(), kColumns);
    for (std::int64_t i = 0; i < here; ++i) {
      for (std::int64_t j = 0; j < n; ++j)
        c[(r + i) * c_step + j] = tile[static_cast<std::size_t>(i * kColumns + j)];
    }
  }
}

template <class F, int Rows>
inline constexpr PackedProductKernels kPackedProductLoops{2 * sizeof(typename F::Float) / sizeof(float), Rows,
                                                          multiply_panel<F, Rows>};

}  // namespace
}  // namespace ballast::detail
