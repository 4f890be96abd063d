#include "ballast/ops/result_layout.h"

#include <numeric>
#include <vector>

namespace ballast {
namespace {

enum class Order { kUnknown, kKeep, kSwap };

/// Whether dimension `inner` belongs inside of `outer`, as the first operand with an opinion says. Broadcast dimensions have
/// none; of equal strides the smaller size is the inner one.
Order order_of(std::size_t inner, std::size_t outer, IntArrayRef sizes,
               std::span<const StridedOperand> operands) {
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

}  // namespace

Dims dense_strides_like(IntArrayRef sizes, std::span<const StridedOperand> operands) {
  const auto is_plain = [&](const StridedOperand& o) {
    return o.sizes.empty() || (o.sizes == sizes && is_contiguous(o.sizes, o.strides));
  };
  if (sizes.size() < 2 || std::all_of(operands.begin(), operands.end(), is_plain))
    return contiguous_strides(sizes);

  std::vector<std::size_t> order(sizes.size());  // innermost first
  std::iota(order.rbegin(), order.rend(), std::size_t{0});
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
  Dims strides(sizes.size());
  std::int64_t step = 1;
  for (const std::size_t d : order) {
    strides[d] = step;
    step *= std::max<std::int64_t>(sizes[d], 1);
  }
  return strides;
}

}  // namespace ballast
