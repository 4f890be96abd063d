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

/// `n` elements one after the other, converted.
using Run = void (*)(std::byte* dst, const std::byte* src, std::int64_t n);

template <class To, class From>
void convert_run(std::byte* dst, const std::byte* src, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    std::byte* to = dst + i * static_cast<std::int64_t>(sizeof(To));
    const To v = convert_element<To>(load_element<From>(src + i * static_cast<std::int64_t>(sizeof(From))));
    if constexpr (requires { v.real(); }) {
      // Part by part: a complex number put together in memory and read back as one is several times slower.
      const auto real = v.real();
      const auto imag = v.imag();
      std::memcpy(to, &real, sizeof real);
      std::memcpy(to + sizeof real, &imag, sizeof imag);
    } else {
      std::memcpy(to, &v, sizeof(To));
    }
  }
}

Run run_of(DType to, DType from) {
  return visit_dtype(to, [&]<class To>(std::type_identity<To>) {
    return visit_dtype(from,
                       []<class From>(std::type_identity<From>) -> Run { return convert_run<To, From>; });
  });
}

/// `n` elements of one size at any steps, bits as they are.
using Move = void (*)(std::byte* dst, std::int64_t dst_step, const std::byte* src, std::int64_t src_step,
                      std::int64_t n);

template <std::int64_t kSize>
void move_elements(std::byte* dst, std::int64_t dst_step, const std::byte* src, std::int64_t src_step,
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

Move move_of(DType dtype) {
  switch (itemsize(dtype)) {
    case 1:
      return move_elements<1>;
    case 2:
      return move_elements<2>;
    case 4:
      return move_elements<4>;
    case 8:
      return move_elements<8>;
    default:
      return move_elements<16>;
  }
}

/// One row of a copy: moved, or converted, by way of a buffer where its elements do not stand one after the
/// other.
class Row {
 public:
  Row(DType to, DType from)
      : to_size_(itemsize(to)), from_size_(itemsize(from)), scatter_(move_of(to)), gather_(move_of(from)) {
    if (to != from) run_ = run_of(to, from);
  }

  void copy(std::byte* dst, std::int64_t dst_step, const std::byte* src, std::int64_t src_step,
            std::int64_t n) const {
    if (run_ == nullptr) return scatter_(dst, dst_step, src, src_step, n);
    if (dst_step == to_size_ && src_step == from_size_) return run_(dst, src, n);
    std::array<std::byte, kChunk * 16> before;
    std::array<std::byte, kChunk * 16> after;
    for (std::int64_t at = 0; at < n; at += kChunk) {
      const std::int64_t k = std::min(kChunk, n - at);
      gather_(before.data(), from_size_, src + at * src_step, src_step, k);
      run_(after.data(), before.data(), k);
      scatter_(dst + at * dst_step, dst_step, after.data(), to_size_, k);
    }
  }

 private:
  static constexpr std::int64_t kChunk = 128;
  std::int64_t to_size_;
  std::int64_t from_size_;
  Move scatter_;
  Move gather_;
  Run run_ = nullptr;
};

/// The two innermost loops. Where `src` runs along the outer one (a transposed copy), it goes in strips of
/// columns: each line of the cache is then used up before it has to leave.
void copy_plane(const Row& row, std::byte* to, const std::byte* from, const Loop& outer, const Loop& inner) {
  constexpr std::int64_t kStrip = 32;
  const std::int64_t strip = outer.src_step < inner.src_step ? kStrip : inner.size;
  for (std::int64_t j = 0; j < inner.size; j += strip) {
    for (std::int64_t i = 0; i < outer.size; ++i) {
      row.copy(to + i * outer.dst_step + j * inner.dst_step, inner.dst_step,
               from + i * outer.src_step + j * inner.src_step, inner.src_step,
               std::min(strip, inner.size - j));
    }
  }
}

}  // namespace

void copy_elements(const Tensor& dst, const Tensor& src) {
  check<ShapeError>(dst.sizes() == src.sizes(), "cannot copy elements of shape {} into shape {}",
                    Shown{src.sizes()}, Shown{dst.sizes()});
  if (dst.is_meta() || src.is_meta() || dst.numel() == 0) return;
  auto* to = static_cast<std::byte*>(dst.data_ptr());
  const auto* from = static_cast<const std::byte*>(src.data_ptr());
  if (to == from && dst.dtype() == src.dtype() && dst.strides() == src.strides()) return;

  const Row row(dst.dtype(), src.dtype());
  if (dst.is_contiguous() && src.is_contiguous())
    return row.copy(to, dst.itemsize(), from, src.itemsize(), dst.numel());
  std::vector<Loop> loops = loops_of(dst, src);
  const Loop inner = loops.back();
  loops.pop_back();
  Loop outer{1, 0, 0};
  if (!loops.empty()) {
    outer = loops.back();
    loops.pop_back();
  }
  std::vector<std::int64_t> at(loops.size(), 0);
  for (;;) {
    copy_plane(row, to, from, outer, inner);
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
