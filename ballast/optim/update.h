// One step of one parameter: a single pass over the parameter, its gradient and what is remembered of it. For
// the rooms of the library.
//
// An optimiser says what happens to one element:
//
//   struct Descent {
//     double lr;
//     template <class T>
//     struct Element {
//       T minus_lr;
//       [[gnu::always_inline]] void operator()(T& p, T g, T& velocity) const {
//         velocity += g;
//         p += minus_lr * velocity;
//       }
//     };
//     template <class T>
//     Element<T> element() const { return {static_cast<T>(-lr)}; }
//   };
//   update_parameter(p, grad, Descent{0.1}, state.velocity);
//
// The loop over an element is compiled for each instruction set and chosen as simd_level() says; the bits are
// the same, since nothing is contracted and square roots and quotients are rounded as IEEE 754 says.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "ballast/autograd/variable.h"
#include "ballast/core/cpu.h"
#include "ballast/core/parallel.h"
#include "ballast/core/tensor.h"

namespace ballast::optim {

namespace detail {

#define BALLAST_UPDATE_LOOP \
  _Pragma("GCC ivdep") for (std::int64_t i = 0; i < n; ++i) { element(p[i], g[i], state[i]...); }

template <class T, class Element, class... State>
void loop_baseline(std::int64_t n, const Element element, T* __restrict p, const T* __restrict g,
                   State* __restrict... state) {
  BALLAST_UPDATE_LOOP
}

#if defined(__x86_64__)
template <class T, class Element, class... State>
[[gnu::target("avx2")]] void loop_avx2(std::int64_t n, const Element element, T* __restrict p,
                                       const T* __restrict g, State* __restrict... state) {
  BALLAST_UPDATE_LOOP
}

template <class T, class Element, class... State>
[[gnu::target("avx2,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")]] void loop_avx512(
    std::int64_t n, const Element element, T* __restrict p, const T* __restrict g,
    State* __restrict... state) {
  BALLAST_UPDATE_LOOP
}
#endif

#undef BALLAST_UPDATE_LOOP

template <class T, class Element, class... State>
void loop(std::int64_t n, const Element& element, T* p, const T* g, State*... state) {
#if defined(__x86_64__)
  const SimdLevel level = simd_level();
  if (level == SimdLevel::kAvx512) return loop_avx512(n, element, p, g, state...);
  if (level == SimdLevel::kAvx2) return loop_avx2(n, element, p, g, state...);
#endif
  loop_baseline(n, element, p, g, state...);
}

template <class T, class Update, class... State>
void run(const TensorImpl& p, const TensorImpl& g, const Update& update, const State&... state) {
  const auto at = [](const TensorImpl& t) {
    return reinterpret_cast<T*>(t.storage.mutable_data()) + t.offset;
  };
  const auto element = update.template element<T>();
  if (p.numel < 2 * kElementGrain) [[likely]] {
    loop(p.numel, element, at(p), at(g), at(state.impl())...);
    return;
  }
  parallel_for(p.numel, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    loop(end - begin, element, at(p) + begin, at(g) + begin, (at(state.impl()) + begin)...);
  });
}

inline bool is_dense(const TensorImpl& t) noexcept {
  return t.sizes.size() == 1 ? t.strides[0] == 1 || t.numel <= 1 : is_contiguous(t.sizes, t.strides);
}

/// Whether a state can be walked together with `p`, which is dense.
inline bool is_like(const TensorImpl& state, const TensorImpl& p) noexcept {
  return state.numel == p.numel && state.dtype == p.dtype && is_dense(state);
}

}  // namespace detail

/// A dense copy of `t` with elements that updates are computed in: double for double, else float; complex
/// numbers as reals.
[[nodiscard]] Tensor computed_copy(const Tensor& t);
/// Writes such a copy back.
void write_back(const Tensor& to, const Tensor& copy);
/// Throws ShapeError, DTypeError or DeviceError unless `other` (called `what`) fits the parameter.
void check_fits(const Tensor& p, const Tensor& other, const char* what);

/// Runs `update` over the elements of a parameter, its gradient and its states, all of one shape.
template <class Update, class... State>
void update_parameter(const Tensor& p, const Tensor& grad, const Update& update, const State&... state) {
  const TensorImpl& pi = p.impl();
  const TensorImpl& gi = grad.impl();
  if (pi.sizes.ref() != gi.sizes.ref() || pi.dtype != gi.dtype || pi.storage.device() != gi.storage.device())
      [[unlikely]] {
    check_fits(p, grad, "gradient");
  }
  if (p.is_meta()) [[unlikely]] {
    return;
  }
  const bool dense = (pi.dtype == kFloat32 || pi.dtype == kFloat64) && detail::is_dense(pi) &&
                     detail::is_dense(gi) && (detail::is_like(state.impl(), pi) && ...);
  if (dense) [[likely]] {
    if (pi.dtype == kFloat32) {
      detail::run<float>(pi, gi, update, state...);
    } else {
      detail::run<double>(pi, gi, update, state...);
    }
    autograd::bump_version(p);
    return;
  }
  (check_fits(p, state, "state"), ...);
  const Tensor parameter = computed_copy(p);
  const Tensor gradient = computed_copy(grad);
  const std::array<Tensor, sizeof...(State)> copies = {computed_copy(state)...};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    if (parameter.dtype() == kFloat64) {
      detail::run<double>(parameter.impl(), gradient.impl(), update, copies[I]...);
    } else {
      detail::run<float>(parameter.impl(), gradient.impl(), update, copies[I]...);
    }
    (write_back(state, copies[I]), ...);
  }
  (std::index_sequence_for<State...>());
  write_back(p, parameter);
}

}  // namespace ballast::optim
