#include "ballast/ops/result_layout.h"

#include <algorithm>

namespace ballast {
namespace {

enum class Order { kUnknown, kKeep, kSwap };
using Permutation = Dims;  ///< dimensions, innermost first

/// Whether dimension `inner` belongs inside of `outer`, as the first operand with an opinion says. Broadcast dimensions have
/// none; of equal strides the smaller size is the inner one.
Order order_of(std::int64_t inner_dim, std::int64_t outer_dim, IntArrayRef sizes,
               std::span<const StridedOperand> operands) {
  const auto inner = static_cast<std::size_t>(inner_dim);
  const auto outer = static_cast<std::size_t>(outer_dim);
  for (const StridedOperand& o : operands) {
    const std::size_t missing = sizes.size() - o.sizes.size();
    const auto stride = [&](std::size_t d) {
      return d < missing || (o.sizes[d - missing] == 1 && sizes[d] != 1) ? 0 : o.strides[d - missing];
    };
    const std::int64_t a = stride(inner);
    const std::int64_t b = stride(outer);
    if (a == 0 || b == 0) continue;
    if (a != b) return a < b ? Order::kKeep : Order::kSwap;
    if (sizes[inner] > sizes[outer]) return Order::kSwap;
  }
  return Order::kUnknown;
}

Permutation row_major(std::size_t rank) {
  Permutation order(rank);
  for (std::size_t i = 0; i < rank; ++i) order[i] = static_cast<std::int64_t>(rank - 1 - i);
  return order;
}

Permutation memory_order(IntArrayRef sizes, std::span<const StridedOperand> operands) {
  Permutation order = row_major(sizes.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    std::size_t moving = i;
    for (std::size_t k = i; k-- > 0;) {
      const Order o = order_of(order[k], order[moving], sizes, operands);
      if (o == Order::kKeep) break;
      if (o == Order::kSwap) {
        std::swap(order[k], order[moving]);
        moving = k;
      }
    }
  }
  return order;
}

/// An empty dimension takes `at_least` times the room of one element.
Dims strides_in(const Permutation& order, IntArrayRef sizes, std::int64_t at_least) {
  Dims strides(sizes.size());
  std::int64_t step = 1;
  for (const std::int64_t dim : order) {
    const auto d = static_cast<std::size_t>(dim);
    strides[d] = step;
    step *= std::max(sizes[d], at_least);
  }
  return strides;
}

/// The order of [N, C, H, W] or [N, C, D, H, W] with channels innermost.
Permutation channels_last_order(std::size_t rank) {
  return rank == 4 ? Permutation{1, 3, 2, 0} : Permutation{1, 4, 3, 2, 0};
}

/// PyTorch's guess from the strides alone.
bool looks_channels_last(IntArrayRef sizes, IntArrayRef strides) {
  if ((sizes.size() != 4 && sizes.size() != 5) || strides[1] == 0) return false;
  std::int64_t least = 0;
  for (const std::int64_t dim : channels_last_order(sizes.size())) {
    const auto d = static_cast<std::size_t>(dim);
    if (sizes[d] == 0 || strides[d] < least) return false;
    if (d == 0 && least == strides[1]) return false;
    least = strides[d] * std::max<std::int64_t>(sizes[d], 1);
  }
  return true;
}

bool is_channels_last(IntArrayRef sizes, IntArrayRef strides) {
  if (sizes.size() != 4) return false;
  std::int64_t expected = 1;
  for (const std::int64_t dim : channels_last_order(4)) {
    const auto d = static_cast<std::size_t>(dim);
    if (sizes[d] == 1) continue;
    if (strides[d] != expected) return false;
    expected *= sizes[d];
  }
  return true;
}

}  // namespace

Dims result_strides(IntArrayRef sizes, std::span<const StridedOperand> operands, bool with_number) {
  const auto every = [&](const auto& test) { return std::all_of(operands.begin(), operands.end(), test); };
  Dims row_major_strides = contiguous_strides(sizes);
  if (sizes.size() < 2 || (numel_of(sizes) > 0 && every([&](const StridedOperand& o) {
                             return o.sizes.empty() ||
                                    (o.sizes == sizes && o.strides == row_major_strides.ref());
                           })))
    return row_major_strides;
  if (!with_number && every([&](const StridedOperand& o) { return o.sizes == sizes; })) {
    if (every([](const StridedOperand& o) { return is_contiguous(o.sizes, o.strides); }))
      return row_major_strides;
    if (every([](const StridedOperand& o) { return is_channels_last(o.sizes, o.strides); }))
      return strides_in(channels_last_order(4), sizes, 1);
    const IntArrayRef first = operands[0].strides;
    if (is_non_overlapping_and_dense(sizes, first) &&
        every([&](const StridedOperand& o) { return o.strides == first; }))
      return first;
  }
  const Permutation order = memory_order(sizes, operands);
  return order == row_major(sizes.size()) ? row_major_strides : strides_in(order, sizes, 0);
}

Dims copy_strides(IntArrayRef sizes, IntArrayRef strides) {
  if (is_non_overlapping_and_dense(sizes, strides)) return strides;
  const StridedOperand layout{nullptr, sizes, strides, 1};
  return strides_in(memory_order(sizes, {&layout, 1}), sizes, 1);
}

Dims converted_strides(IntArrayRef sizes, IntArrayRef strides) {
  if (is_non_overlapping_and_dense(sizes, strides)) return strides;
  return looks_channels_last(sizes, strides) ? strides_in(channels_last_order(sizes.size()), sizes, 1)
                                             : contiguous_strides(sizes);
}

}  // namespace ballast
