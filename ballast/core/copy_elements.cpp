#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <vector>

#include "ballast/core/convert_element.h"
#include "ballast/core/tensor.h"

namespace ballast {
namespace {

/// One dimension walked in both tensors at once; steps in bytes.
struct Loop {
  std::int64_t size;
  std::int64_t dst_step;
  std::int64_t src_step;
};

/// The dimensions of the copy, innermost last: those of size 1 left out, ordered by the steps of `dst`, and
/// neighbours joined where both tensors run through them as through one.
std::vector<Loop> loops_of(const Tensor& dst, const Tensor& src) {
  std::vector<Loop> loops;
  for (std::size_t d = 0; d < dst.sizes().size(); ++d) {
    if (dst.sizes()[d] == 1) continue;
    loops.push_back({dst.sizes()[d], dst.strides()[d] * dst.itemsize(), src.strides()[d] * src.itemsize()});
  }
  std::stable_sort(loops.begin(), loops.end(), [](const Loop& a, const Loop& b) {
    return a.dst_step != b.dst_step ? a.dst_step > b.dst_step : a.src_step > b.src_step;
  });
  std::vector<Loop> joined;
  for (const Loop& inner : loops) {
    if (!joined.empty() && joined.back().dst_step == inner.size * inner.dst_step &&
        joined.back().src_step == inner.size * inner.src_step) {
      joined.back() = {joined.back().size * inner.size, inner.dst_step, inner.src_step};
    } else {
      joined.push_back(inner);
    }
  }
  return joined;
}

using Row = void (*)(std::byte* dst, std::int64_t dst_step, const std::byte* src, std::int64_t src_step,
                     std::int64_t n);

template <class To, class From>
void convert_one(std::byte* dst, const std::byte* src) {
  const To v = convert_element<To>(load_element<From>(src));
  std::memcpy(dst, &v, sizeof(To));
}

template <class To, class From>
void convert_row(std::byte* dst, std::int64_t dst_step, const std::byte* src, std::int64_t src_step,
                 std::int64_t n) {
  constexpr std::int64_t kTo = sizeof(To);
  constexpr std::int64_t kFrom = sizeof(From);
  if (dst_step == kTo && src_step == kFrom) {
    for (std::int64_t i = 0; i < n; ++i) convert_one<To, From>(dst + i * kTo, src + i * kFrom);
  } else {
    for (std::int64_t i = 0; i < n; ++i) convert_one<To, From>(dst + i * dst_step, src + i * src_step);
  }
}

template <std::int64_t kSize>
void move_row(std::byte* dst, std::int64_t dst_step, const std::byte* src, std::int64_t src_step,
              std::int64_t n) {
  if (dst_step == kSize && src_step == kSize) {
    std::memmove(dst, src, static_cast<std::size_t>(n * kSize));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    std::array<std::byte, kSize> element;
    std::memcpy(element.data(), src + i * src_step, kSize);
    std::memcpy(dst + i * dst_step, element.data(), kSize);
  }
}

Row row_of_moves(std::int64_t itemsize) {
  switch (itemsize) {
    case 1:
      return move_row<1>;
    case 2:
      return move_row<2>;
    case 4:
      return move_row<4>;
    case 8:
      return move_row<8>;
    default:
      return move_row<16>;
  }
}

Row row_of(DType to, DType from) {
  if (to == from) return row_of_moves(itemsize(to));
  return visit_dtype(to, [&]<class To>(std::type_identity<To>) {
    return visit_dtype(from,
                       []<class From>(std::type_identity<From>) -> Row { return convert_row<To, From>; });
  });
}

}  // namespace

void copy_elements(const Tensor& dst, const Tensor& src) {
  check<ShapeError>(dst.sizes() == src.sizes(), "cannot copy elements of shape {} into shape {}",
                    Shown{src.sizes()}, Shown{dst.sizes()});
  if (dst.is_meta() || src.is_meta() || dst.numel() == 0) return;
  auto* to = static_cast<std::byte*>(dst.data_ptr());
  const auto* from = static_cast<const std::byte*>(src.data_ptr());
  if (to == from && dst.dtype() == src.dtype() && dst.strides() == src.strides()) return;

  const Row row = row_of(dst.dtype(), src.dtype());
  if (dst.is_contiguous() && src.is_contiguous())
    return row(to, dst.itemsize(), from, src.itemsize(), dst.numel());
  std::vector<Loop> loops = loops_of(dst, src);
  const Loop inner = loops.back();
  loops.pop_back();
  std::vector<std::int64_t> at(loops.size(), 0);
  for (;;) {
    row(to, inner.dst_step, from, inner.src_step, inner.size);
    std::size_t d = loops.size();
    for (; d > 0; --d) {
      const Loop& loop = loops[d - 1];
      to += loop.dst_step;
      from += loop.src_step;
      if (++at[d - 1] < loop.size) break;
      to -= loop.size * loop.dst_step;
      from -= loop.size * loop.src_step;
      at[d - 1] = 0;
    }
    if (d == 0) return;
  }
}

}  // namespace ballast
