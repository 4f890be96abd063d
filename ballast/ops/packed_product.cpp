#include "ballast/ops/packed_product.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "ballast/core/cpu.h"
#include "ballast/core/parallel.h"
#include "ballast/ops/cpu/packed_product_kernels.h"

namespace ballast {
namespace {

/// Those in use; null if there are none.
const detail::PackedProductKernels* kernels() noexcept {
#if defined(__x86_64__)
  switch (simd_level()) {
    case SimdLevel::kAvx512:
      return &detail::kPackedProductAvx512;
    case SimdLevel::kAvx2:
      return &detail::kPackedProductAvx2;
    case SimdLevel::kBaseline:
      break;
  }
#endif
  return nullptr;
}

// Fewer rows than these do not pay for the packing.
constexpr std::int64_t kFewRows = 48;
// Of k at a time: that much of a panel stays in the first cache.
constexpr std::int64_t kDepth = 256;
// Multiplications for which another thread is woken.
constexpr std::int64_t kWorth = std::int64_t{1} << 20;

/// a [depth, m] as tiles of Tile columns, each [`tile_depth`, Tile].
template <std::int64_t Tile>
void turn(const float* a, std::int64_t a_step, std::int64_t depth, std::int64_t m, float* to,
          std::int64_t tile_depth) {
  for (std::int64_t d = 0; d < depth; ++d, a += a_step) {
    float* out = to + d * Tile;
    std::int64_t i = 0;
    for (; i + Tile <= m; i += Tile, out += tile_depth * Tile) std::memcpy(out, a + i, Tile * sizeof(float));
    if (i < m) std::copy_n(a + i, m - i, out);
  }
}

std::int64_t grain_of(std::int64_t work) { return std::max<std::int64_t>(1, kWorth / work); }

void pack(const blas::Matrix<float>& m, std::int64_t k, std::int64_t n, std::int64_t columns, float* to) {
  for (std::int64_t first = 0; first < n; first += columns, to += k * columns) {
    const std::int64_t used = std::min(columns, n - first);
    if (m.transposed) {
      for (std::int64_t j = 0; j < columns; ++j) {
        const float* const from = m.data + (first + j) * m.step;
        for (std::int64_t i = 0; i < k; ++i) to[i * columns + j] = j < used ? from[i] : 0.0f;
      }
    } else {
      for (std::int64_t i = 0; i < k; ++i) {
        std::copy_n(m.data + i * m.step + first, used, to + i * columns);
        std::fill_n(to + i * columns + used, columns - used, 0.0f);
      }
    }
  }
}

}  // namespace

template <class T>
PackedMatrix<T>::PackedMatrix(blas::Matrix<T> matrix, std::int64_t k, std::int64_t n,
                              std::int64_t rows_in_all)
    : matrix_(matrix), k_(k), n_(n) {
  if constexpr (std::is_same_v<T, float>) {
    const auto* const loops = loops_ = kernels();
    if (loops == nullptr || rows_in_all < kFewRows || k == 0 || n == 0) return;
    const std::int64_t panels = (n + loops->columns - 1) / loops->columns;
    panels_ = empty({panels, k, loops->columns}, kFloat32);
    pack(matrix, k, n, loops->columns, panels_.data_ptr<float>());
  }
}

template <class T>
void PackedMatrix<T>::add_product(std::int64_t rows, const T* a, std::int64_t a_step, T* c,
                                  std::int64_t c_step) const {
  if (rows == 0 || k_ == 0 || n_ == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (panels_.defined()) return multiply_panels(rows, a, a_step, {c, c_step}, c, c_step);
  }
  blas::gemm(rows, n_, k_, T(1), {a, a_step}, matrix_, T(1), c, c_step);
}

template <class T>
void PackedMatrix<T>::put_product(std::int64_t rows, const T* a, std::int64_t a_step, const T* row, T* c,
                                  std::int64_t c_step) const {
  if constexpr (std::is_same_v<T, float>) {
    if (panels_.defined()) return multiply_panels(rows, a, a_step, {row, 0}, c, c_step);
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    if (row == nullptr) {
      std::fill_n(c + i * c_step, n_, T(0));
    } else {
      std::copy_n(row, n_, c + i * c_step);
    }
  }
  add_product(rows, a, a_step, c, c_step);
}

template <class T>
void PackedMatrix<T>::multiply_panels(std::int64_t rows, const float* a, std::int64_t a_step,
                                      detail::PackedStart first, float* c, std::int64_t c_step) const {
  const auto& loops = *loops_;
  const std::int64_t panel = k_ * loops.columns;
  const float* const packed = panels_.data_ptr<float>();
  parallel_for(panels_.sizes()[0], grain_of(rows * panel), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      const std::int64_t column = p * loops.columns;
      const detail::PackedResult to{c + column, c_step};
      for (std::int64_t i = 0; i < k_; i += kDepth) {
        detail::PackedStart from{to.data, to.row};
        if (i == 0) from = {first.data == nullptr ? nullptr : first.data + column, first.row};
        loops.multiply(rows, std::min(kDepth, k_ - i), {a + i, a_step, 1},
                       packed + p * panel + i * loops.columns, from, to,
                       std::min(loops.columns, n_ - column));
      }
    }
  });
}

template <class T>
void PackedMatrix<T>::add_transposed_product(std::int64_t m, const T* a, std::int64_t a_step, T* c,
                                             std::int64_t c_step) const {
  if (m == 0 || k_ == 0 || n_ == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (panels_.defined()) {
      const auto& loops = *loops_;
      const std::int64_t panel = k_ * loops.columns;
      const std::int64_t tiles = (m + loops.tile - 1) / loops.tile;
      const std::int64_t depth = std::min(kDepth, k_);
      // Tiles of rows, each [depth, tile]: what the loops read lies together.
      const Tensor turned = empty({tiles, depth, loops.tile}, kFloat32);
      auto* const packed_a = turned.data_ptr<float>();
      const float* const packed = panels_.data_ptr<float>();
      for (std::int64_t i = 0; i < k_; i += depth) {
        const std::int64_t here = std::min(depth, k_ - i);
        if (loops.tile == 8) {
          turn<8>(a + i * a_step, a_step, here, m, packed_a, depth);
        } else {
          turn<6>(a + i * a_step, a_step, here, m, packed_a, depth);
        }
        parallel_for(panels_.sizes()[0], grain_of(m * panel), [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t p = begin; p < end; ++p) {
            const std::int64_t first = p * loops.columns;
            for (std::int64_t t = 0; t < tiles; ++t) {
              const std::int64_t row = t * loops.tile;
              float* const to = c + row * c_step + first;
              loops.multiply(std::min(loops.tile, m - row), here,
                             {packed_a + t * depth * loops.tile, 1, loops.tile},
                             packed + p * panel + i * loops.columns, {to, c_step}, {to, c_step},
                             std::min(loops.columns, n_ - first));
            }
          }
        });
      }
      return;
    }
  }
  blas::gemm(m, n_, k_, T(1), {a, a_step, true}, matrix_, T(1), c, c_step);
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

}  // namespace ballast
