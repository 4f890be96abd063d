#include "ballast/core/shape.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "ballast/core/error.h"

namespace ballast {

std::optional<std::int64_t> checked_mul(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

std::int64_t fill_contiguous_strides(IntArrayRef sizes, std::int64_t* strides) {
  // A size of 0 counts as 1 on the way, so that it does not hide an overflow beside it.
  std::int64_t step = 1;
  bool empty = false;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    const std::int64_t n = sizes[i];
    if (strides != nullptr) strides[i] = step;
    check<ShapeError>(n >= 0, "Trying to create tensor with negative dimension {}: {}", n, Shown{sizes});
    empty |= n == 0;
    check<ShapeError>(!__builtin_mul_overflow(step, n == 0 ? 1 : n, &step),
                      "the number of elements of shape {} does not fit into 64 bits", Shown{sizes});
  }
  return empty ? 0 : step;
}

std::int64_t numel_of(IntArrayRef sizes) { return fill_contiguous_strides(sizes, nullptr); }

Dims contiguous_strides(IntArrayRef sizes) {
  Dims strides(sizes.size());
  fill_contiguous_strides(sizes, strides.data());
  return strides;
}

bool is_contiguous(IntArrayRef sizes, IntArrayRef strides) noexcept {
  std::int64_t step = 1;
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) return true;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1) continue;
    if (strides[i] != step) return false;
    step *= sizes[i];
  }
  return true;
}

bool is_non_overlapping_and_dense(IntArrayRef sizes, IntArrayRef strides) {
  if (is_contiguous(sizes, strides)) return true;
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Sizes of 1 say nothing about memory: they go last.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (sizes[a] < 2 || sizes[b] < 2) return sizes[b] < 2 && sizes[a] >= 2;
    return strides[a] < strides[b];
  });
  std::int64_t step = 1;
  for (const std::size_t d : order) {
    if (sizes[d] < 2) return true;
    if (strides[d] != step) return false;
    step *= sizes[d];
  }
  return true;
}

std::optional<std::int64_t> storage_extent(IntArrayRef sizes, IntArrayRef strides,
                                           std::int64_t offset) noexcept {
  if (offset < 0 || sizes.size() != strides.size()) return std::nullopt;
  bool empty = false;
  std::int64_t last = offset;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0 || strides[i] < 0) return std::nullopt;
    if (sizes[i] == 0) {
      empty = true;
      continue;
    }
    const auto reach = checked_mul(sizes[i] - 1, strides[i]);
    const auto sum = reach ? checked_add(last, *reach) : std::nullopt;
    if (!sum) return std::nullopt;
    last = *sum;
  }
  return empty ? 0 : checked_add(last, 1);
}

std::int64_t wrap_dim(std::int64_t dim, std::int64_t rank) {
  const std::int64_t n = std::max<std::int64_t>(rank, 1);
  check<IndexError>(dim >= -n && dim < n,
                    "Dimension out of range (expected to be in range of [{}, {}], but got {})", -n, n - 1,
                    dim);
  return dim < 0 ? dim + n : dim;
}

Dims broadcast_shapes(IntArrayRef a, IntArrayRef b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Dims out(rank);
  for (std::size_t k = 0; k < rank; ++k) {
    const std::size_t i = rank - 1 - k;
    const std::int64_t x = k < a.size() ? a[a.size() - 1 - k] : 1;
    const std::int64_t y = k < b.size() ? b[b.size() - 1 - k] : 1;
    check<ShapeError>(
        x == y || x == 1 || y == 1,
        "The size of tensor a ({}) must match the size of tensor b ({}) at non-singleton dimension {}", x, y,
        i);
    out[i] = x == 1 ? y : x;
  }
  return out;
}

bool is_expandable_to(IntArrayRef from, IntArrayRef to) noexcept {
  if (from.size() > to.size()) return false;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    const std::int64_t n = from[from.size() - i];
    if (n != 1 && n != to[to.size() - i]) return false;
  }
  return true;
}

std::string shape_text(IntArrayRef sizes) {
  return fmt::format("[{}]", fmt::join(sizes.begin(), sizes.end(), ", "));
}

}  // namespace ballast
