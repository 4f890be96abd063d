// The loops of packed_product_kernels.h: a tile of rows times two vectors of columns stays in registers over
// all of k. `F` gives F::Float (a vector of floats), F::all and F::fma. Everything here has internal linkage: a
// file built for AVX-512 must not lend its code to others.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "ballast/ops/cpu/packed_product_kernels.h"

namespace ballast::detail {
namespace {

template <class V>
inline V load_at(const float* p) {
  V v;
  std::memcpy(&v, p, sizeof(V));
  return v;
}
template <class V>
inline void store_at(float* p, const V& v) {
  std::memcpy(p, &v, sizeof(V));
}

template <class F, int Rows>
inline void multiply_tile(std::int64_t k, PackedLeft a, const float* panel, PackedStart first,
                          PackedResult c) {
  using Float = typename F::Float;
  constexpr std::int64_t kLanes = sizeof(Float) / sizeof(float);
  Float left[Rows], right[Rows];
  for (int r = 0; r < Rows; ++r) {
    left[r] = first.data == nullptr ? F::all(0) : load_at<Float>(first.data + r * first.row);
    right[r] = first.data == nullptr ? F::all(0) : load_at<Float>(first.data + r * first.row + kLanes);
  }
  const float* column = a.data;
  for (std::int64_t i = 0; i < k; ++i, panel += 2 * kLanes, column += a.k) {
    const Float b0 = load_at<Float>(panel);
    const Float b1 = load_at<Float>(panel + kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const Float x = F::all(column[r * a.row]);
      left[r] = F::fma(x, b0, left[r]);
      right[r] = F::fma(x, b1, right[r]);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    store_at(c.data + r * c.row, left[r]);
    store_at(c.data + r * c.row + kLanes, right[r]);
  }
}

inline PackedLeft below(PackedLeft a, std::int64_t r) { return {a.data + r * a.row, a.row, a.k}; }
inline PackedStart below(PackedStart s, std::int64_t r) {
  return {s.data == nullptr ? nullptr : s.data + r * s.row, s.row};
}
inline PackedResult below(PackedResult c, std::int64_t r) { return {c.data + r * c.row, c.row}; }

template <class F, int Rows>
inline void multiply_rows(std::int64_t rows, std::int64_t k, PackedLeft a, const float* panel,
                          PackedStart first, PackedResult c) {
  std::int64_t r = 0;
  for (; r + Rows <= rows; r += Rows) {
    multiply_tile<F, Rows>(k, below(a, r), panel, below(first, r), below(c, r));
  }
  if constexpr (Rows > 1) {
    if (r < rows) {
      multiply_rows<F, (Rows + 1) / 2>(rows - r, k, below(a, r), panel, below(first, r), below(c, r));
    }
  }
}

template <class F, int Rows>
void multiply_panel(std::int64_t rows, std::int64_t k, PackedLeft a, const float* panel, PackedStart first,
                    PackedResult c, std::int64_t n) {
  constexpr std::int64_t kColumns = 2 * sizeof(typename F::Float) / sizeof(float);
  if (n == kColumns) {
    multiply_rows<F, Rows>(rows, k, a, panel, first, c);
    return;
  }
  // The last columns, through a tile that is whole.
  std::array<float, Rows * kColumns> tile{};
  for (std::int64_t r = 0; r < rows; r += Rows) {
    const std::int64_t here = rows - r < Rows ? rows - r : Rows;
    for (std::int64_t i = 0; i < here; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        tile[static_cast<std::size_t>(i * kColumns + j)] =
            first.data == nullptr ? 0.0F : first.data[(r + i) * first.row + j];
      }
    }
    multiply_rows<F, Rows>(here, k, below(a, r), panel, {tile.data(), kColumns}, {tile.data(), kColumns});
    for (std::int64_t i = 0; i < here; ++i) {
      for (std::int64_t j = 0; j < n; ++j)
        c.data[(r + i) * c.row + j] = tile[static_cast<std::size_t>(i * kColumns + j)];
    }
  }
}

template <class F, int Rows>
inline constexpr PackedProductKernels kPackedProductLoops{2 * sizeof(typename F::Float) / sizeof(float), Rows,
                                                          multiply_panel<F, Rows>};

}  // namespace
}  // namespace ballast::detail
