// The one walk over the elements of several tensors at once, under every elementwise operation.
//
//   StridedLoop<2> loop(out.sizes(), {operand(out), operand(in)});
//   loop.run([](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
//     for (std::int64_t i = 0; i < n; ++i) store(p[0] + i * step[0], -load<float>(p[1] + i * step[1]));
//   });
//
// Dimensions are ordered by the strides of the first operand and joined where every operand runs through them as through
// one, so that tensors of one dense layout are a single row. Operands broadcast: a dimension they lack, or have with size 1,
// has stride 0. Large walks are cut up over threads (core/parallel.h); every element is visited once, in an order that
// a row must not rely on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "ballast/core/parallel.h"
#include "ballast/core/tensor.h"

namespace ballast {

/// An element at any address: those of a mapped file may stand unaligned, and a bool's byte may hold anything.
template <class T>
[[nodiscard]] inline T load(const std::byte* p) noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return *p != std::byte{0};
  } else {
    T value;
    std::memcpy(&value, p, sizeof(T));
    return value;
  }
}

template <class T>
inline void store(std::byte* p, const T& value) noexcept {
  std::memcpy(p, &value, sizeof(T));
}

/// What a walk needs of a tensor. `data` may be null on meta; a walk over it must then not be run.
struct StridedOperand {
  std::byte* data = nullptr;
  IntArrayRef sizes;
  IntArrayRef strides;
  std::int64_t itemsize = 0;
};

[[nodiscard]] inline StridedOperand operand(const Tensor& t) {
  return {static_cast<std::byte*>(t.data_ptr()), t.sizes(), t.strides(), t.itemsize()};
}
/// One value for every position. It must outlive the walk.
template <class T>
[[nodiscard]] StridedOperand constant_operand(T& value) {
  return {reinterpret_cast<std::byte*>(&value), {}, {}, sizeof(T)};
}

template <std::size_t N>
class StridedLoop {
 public:
  /// Walks `sizes`; each operand must broadcast to it.
  StridedLoop(IntArrayRef sizes, const std::array<StridedOperand, N>& operands) {
    for (std::size_t k = 0; k < N; ++k) base_[k] = operands[k].data;
    for (const std::int64_t n : sizes) total_ *= n;
    if (total_ == 0) return;
    rank_ = 0;
    if (sizes.size() > kInline) heap_ = std::make_unique<Level[]>(sizes.size());
    Level* const all = levels();
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      if (sizes[d] == 1) continue;
      Level level{sizes[d], {}};
      for (std::size_t k = 0; k < N; ++k) {
        const StridedOperand& o = operands[k];
        const std::size_t missing = sizes.size() - o.sizes.size();
        if (d >= missing && o.sizes[d - missing] != 1) level.step[k] = o.strides[d - missing] * o.itemsize;
      }
      all[rank_++] = level;
    }
    std::stable_sort(all, all + rank_, [](const Level& a, const Level& b) { return a.step > b.step; });
    join_levels();
  }

  [[nodiscard]] std::int64_t total() const { return total_; }

  /// Walks of fewer elements stay on the calling thread.
  static constexpr std::int64_t kParallelFrom = 2 * kElementGrain;

  /// Calls `row(pointers, steps in bytes, n)` until every element was part of one row.
  template <class Row>
  void run(const Row& row) const {
    if (total_ == 0) return;
    if (total_ < kParallelFrom) return run_range(0, total_, row);
    parallel_for(total_, kElementGrain,
                 [&](std::int64_t begin, std::int64_t end) { run_range(begin, end, row); });
  }

  /// The same, cut over threads only where rows begin, or, if there is but one, at multiples of `align`: for rows in which
  /// an element's place matters.
  template <class Row>
  void run_aligned(std::int64_t align, const Row& row) const {
    if (total_ < kParallelFrom) return run(row);
    const std::int64_t unit = rank_ <= 1 ? align : levels()[rank_ - 1].size;
    const std::int64_t grain = grain_for(unit);
    parallel_for((total_ + unit - 1) / unit, grain, [&](std::int64_t begin, std::int64_t end) {
      run_range(begin * unit, std::min(end * unit, total_), row);
    });
  }

  /// The same on this thread, for elements `begin` to `end` of the walk.
  template <class Row>
  void run_range(std::int64_t begin, std::int64_t end, const Row& row) const {
    const Level* const all = levels();
    std::array<std::byte*, N> p = base_;
    if (rank_ <= 1) {
      static constexpr Level kOne{1, {}};
      const Level& only = rank_ == 1 ? all[0] : kOne;
      for (std::size_t k = 0; k < N; ++k) p[k] += begin * only.step[k];
      row(p.data(), only.step.data(), end - begin);
      return;
    }
    std::array<std::int64_t, kInline> few;
    std::unique_ptr<std::int64_t[]> many;
    if (rank_ > kInline) many = std::make_unique<std::int64_t[]>(rank_);
    std::int64_t* const at = many ? many.get() : few.data();
    std::int64_t rest = begin;
    for (std::size_t d = rank_; d-- > 0;) {
      at[d] = rest % all[d].size;
      rest /= all[d].size;
      for (std::size_t k = 0; k < N; ++k) p[k] += at[d] * all[d].step[k];
    }
    const std::size_t last = rank_ - 1;
    while (begin < end) {
      const std::int64_t n = std::min(end - begin, all[last].size - at[last]);
      row(p.data(), all[last].step.data(), n);
      begin += n;
      for (std::size_t k = 0; k < N; ++k) p[k] -= at[last] * all[last].step[k];
      at[last] = 0;
      for (std::size_t d = last; d-- > 0;) {
        for (std::size_t k = 0; k < N; ++k) p[k] += all[d].step[k];
        if (++at[d] < all[d].size) break;
        for (std::size_t k = 0; k < N; ++k) p[k] -= all[d].size * all[d].step[k];
        at[d] = 0;
      }
    }
  }

 private:
  static constexpr std::size_t kInline = Dims::kInline;
  struct Level {
    std::int64_t size;
    std::array<std::int64_t, N> step;  // in bytes
  };

  [[nodiscard]] Level* levels() { return heap_ ? heap_.get() : inline_.data(); }
  [[nodiscard]] const Level* levels() const { return heap_ ? heap_.get() : inline_.data(); }

  void join_levels() {
    Level* const all = levels();
    std::size_t joined = 0;
    for (std::size_t d = 0; d < rank_; ++d) {
      const Level inner = all[d];
      bool joins = joined > 0;
      for (std::size_t k = 0; k < N && joins; ++k)
        joins = all[joined - 1].step[k] == inner.size * inner.step[k];
      if (joins) {
        all[joined - 1] = {all[joined - 1].size * inner.size, inner.step};
      } else {
        all[joined++] = inner;
      }
    }
    rank_ = joined;
  }

  std::array<std::byte*, N> base_{};
  std::array<Level, kInline> inline_{};
  std::unique_ptr<Level[]> heap_;
  std::size_t rank_ = 0;
  std::int64_t total_ = 1;
};

}  // namespace ballast
