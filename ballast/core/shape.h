// The one place where shapes are multiplied, added and compared: every result is checked for overflow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "ballast/core/dims.h"

namespace ballast {

/// a * b and a + b, or nullopt where the result does not fit into 64 bits.
[[nodiscard]] std::optional<std::int64_t> checked_mul(std::int64_t a, std::int64_t b) noexcept;
[[nodiscard]] std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) noexcept;

/// The number of elements of a shape. Throws ShapeError for a negative size or a product beyond 2^63 - 1
/// (taken over the non-zero sizes too: a zero beside huge sizes does not hide them).
[[nodiscard]] std::int64_t numel_of(IntArrayRef sizes);

/// Row-major strides, in elements; a size of 0 counts as 1, as in PyTorch.
[[nodiscard]] Dims contiguous_strides(IntArrayRef sizes);
/// The same into `strides` (of sizes.size() elements, or null); returns the number of elements, with the
/// checks of numel_of.
std::int64_t fill_contiguous_strides(IntArrayRef sizes, std::int64_t* strides);
[[nodiscard]] bool is_contiguous(IntArrayRef sizes, IntArrayRef strides) noexcept;
/// Whether the elements fill a block of memory without holes or repeats, in whatever order of dimensions.
[[nodiscard]] bool is_non_overlapping_and_dense(IntArrayRef sizes, IntArrayRef strides);

/// Elements of storage that a view needs: offset + 1 + sum (size - 1) * stride, and none for an empty view,
/// wherever it stands. nullopt where that overflows or where a size, stride or the offset is negative.
[[nodiscard]] std::optional<std::int64_t> storage_extent(IntArrayRef sizes, IntArrayRef strides,
                                                         std::int64_t offset) noexcept;

/// `dim` in [-rank, rank) as a number from 0; else IndexError with PyTorch's text. A rank of 0 counts as 1.
[[nodiscard]] std::int64_t wrap_dim(std::int64_t dim, std::int64_t rank);

/// The shape both broadcast to; else ShapeError with PyTorch's text.
[[nodiscard]] Dims broadcast_shapes(IntArrayRef a, IntArrayRef b);

/// Whether a tensor of shape `from` broadcasts to exactly `to`.
[[nodiscard]] bool is_expandable_to(IntArrayRef from, IntArrayRef to) noexcept;

/// `[2, 3]`, as PyTorch's error texts show shapes.
[[nodiscard]] std::string shape_text(IntArrayRef sizes);

/// A shape among the arguments of `check`: becomes text only if the check fails.
struct Shown {
  IntArrayRef sizes;
};

}  // namespace ballast

template <>
struct fmt::formatter<ballast::Shown> : fmt::formatter<std::string_view> {
  auto format(const ballast::Shown& s, fmt::format_context& ctx) const {
    return formatter<std::string_view>::format(ballast::shape_text(s.sizes), ctx);
  }
};
