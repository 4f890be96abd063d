// Elements of a tensor as runs of floats or doubles, whatever their type and strides. Internal.
//
//   each_run<float>(t, begin, end, [&](const std::byte* p, std::int64_t n) { see(p, n); });
//
// Elements come in the order in which they lie in memory. Runs begin at multiples of kBlock values, counted from `begin`:
// however a tensor is laid out, a value has the same place in its run. Elements that are floats or doubles already and stand
// side by side are not copied.
#pragma once

#include <type_traits>

#include "ballast/core/strided_loop.h"
#include "ballast/core/tensor.h"
#include "ballast/inspect/cpu/kernels.h"

namespace ballast::inspect::detail {

/// Elements in the type that a loop takes, a block of them.
template <class T>
class WideBlock {
 public:
  explicit WideBlock(DType dtype)
      : widen_((std::is_same_v<T, float> ? kernels().as_float
                                         : kernels().as_double)[static_cast<std::size_t>(dtype)]),
        value_bytes_(parts_of(dtype) * static_cast<std::int64_t>(sizeof(T))) {}

  /// Puts `n` elements behind the `at` that are there.
  void put(const std::byte* from, std::int64_t step, std::int64_t at, std::int64_t n) {
    widen_(from, step, n, bytes() + at * value_bytes_);
  }
  [[nodiscard]] std::byte* bytes() { return reinterpret_cast<std::byte*>(values_); }

 private:
  Widen widen_;
  std::int64_t value_bytes_;
  alignas(64) T values_[kBlock];
};

/// Whether elements can be used where they stand.
template <class T>
[[nodiscard]] inline bool stands_as(DType dtype, std::int64_t step) {
  return is_native(dtype) && is_wide(dtype) == std::is_same_v<T, double> && step == itemsize(dtype);
}

/// `sink(bytes of N operands, values)` for elements `begin` to `end` of several tensors of one shape and of dtypes with as many
/// parts each.
template <class T, std::size_t N, class Sink>
void each_run_of(const std::array<const Tensor*, N>& tensors, std::int64_t begin, std::int64_t end,
                 const Sink& sink) {
  std::array<StridedOperand, N> operands;
  for (std::size_t k = 0; k < N; ++k) operands[k] = operand(*tensors[k]);
  const StridedLoop<N> loop(tensors[0]->sizes(), operands);
  const std::int64_t parts = parts_of(tensors[0]->dtype());
  const std::int64_t capacity = kBlock / parts;
  const auto walk = [&]<std::size_t... K>(std::index_sequence<K...>) {
    std::array<WideBlock<T>, N> blocks{WideBlock<T>(tensors[K]->dtype())...};
    std::int64_t held = 0;
    const auto hand_on = [&] {
      sink(std::array<const std::byte*, N>{blocks[K].bytes()...}, held * parts);
      held = 0;
    };
    loop.run_range(begin, end, [&](std::byte* const* p, const std::int64_t* step, std::int64_t n) {
      if (n == end - begin && (stands_as<T>(tensors[K]->dtype(), step[K]) && ...)) {
        sink(std::array<const std::byte*, N>{p[K]...}, n * parts);
        return;
      }
      for (std::int64_t i = 0; i < n;) {
        const std::int64_t count = std::min(n - i, capacity - held);
        (blocks[K].put(p[K] + i * step[K], step[K], held, count), ...);
        held += count;
        i += count;
        if (held == capacity) hand_on();
      }
    });
    if (held > 0) hand_on();
  };
  walk(std::make_index_sequence<N>());
}

template <class T, class Sink>
void each_run(const Tensor& tensor, std::int64_t begin, std::int64_t end, const Sink& sink) {
  each_run_of<T, 1>({&tensor}, begin, end,
                    [&](const std::array<const std::byte*, 1>& p, std::int64_t n) { sink(p[0], n); });
}

/// Calls `f(std::type_identity<T>{})` with float or double, as elements of a type need it.
template <class F>
decltype(auto) with_run_type(bool wide, F&& f) {
  return wide ? f(std::type_identity<double>{}) : f(std::type_identity<float>{});
}

template <class T>
[[nodiscard]] const RunLoops<T>& run_loops() {
  if constexpr (std::is_same_v<T, float>) {
    return kernels().of_float;
  } else {
    return kernels().of_double;
  }
}

/// The error of a tensor that has no elements to look at.
void check_readable(const Tensor& tensor);

}  // namespace ballast::inspect::detail
