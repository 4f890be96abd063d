// The loops of recurrent_kernels.h over the lanes of one instruction set (float_lanes.h). Everything here has
// internal linkage.
#pragma once

#include <cstdint>

#include "ballast/ops/cpu/float_lanes.h"
#include "ballast/ops/cpu/recurrent_kernels.h"

namespace ballast::detail {
namespace {

template <class L>
void lstm_forward(const LstmForward<typename L::Number>& s) {
  using T = typename L::Number;
  const std::int64_t h = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    T* const gates = s.gates + row * 4 * h;
    const std::int64_t at = row * h;
    over_lanes<L>(h, [&]<class V>(V, std::int64_t k) {
      using Float = typename V::Float;
      const Float i = V::sigmoid(load_at<Float>(gates + k));
      const Float f = V::sigmoid(load_at<Float>(gates + h + k));
      const Float g = V::tanh(load_at<Float>(gates + 2 * h + k));
      const Float o = V::sigmoid(load_at<Float>(gates + 3 * h + k));
      const Float c = f * load_at<Float>(s.c_in + at + k) + i * g;
      const Float t = V::tanh(c);
      store_at(gates + k, i);
      store_at(gates + h + k, f);
      store_at(gates + 2 * h + k, g);
      store_at(gates + 3 * h + k, o);
      store_at(s.c_out + at + k, c);
      store_at(s.tanh_c + at + k, t);
      store_at(s.h + at + k, Float(o * t));
    });
  }
}

template <class L>
void lstm_backward(const LstmBackward<typename L::Number>& s) {
  using T = typename L::Number;
  const std::int64_t h = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    const T* const gates = s.gates + row * 4 * h;
    T* const out = s.grad_gates + row * 4 * h;
    const std::int64_t at = row * h;
    over_lanes<L>(h, [&]<class V>(V, std::int64_t k) {
      using Float = typename V::Float;
      const Float one = V::all(1);
      const Float i = load_at<Float>(gates + k);
      const Float f = load_at<Float>(gates + h + k);
      const Float g = load_at<Float>(gates + 2 * h + k);
      const Float o = load_at<Float>(gates + 3 * h + k);
      const Float t = load_at<Float>(s.tanh_c + at + k);
      const Float dh = load_at<Float>(s.grad_h + at + k);
      const Float dc = load_at<Float>(s.grad_c + at + k) + dh * o * (one - t * t);
      store_at(out + k, Float(dc * g * i * (one - i)));
      store_at(out + h + k, Float(dc * load_at<Float>(s.c_in + at + k) * f * (one - f)));
      store_at(out + 2 * h + k, Float(dc * i * (one - g * g)));
      store_at(out + 3 * h + k, Float(dh * t * o * (one - o)));
      store_at(s.grad_c + at + k, Float(dc * f));
    });
  }
}

template <class L>
void gru_forward(const GruForward<typename L::Number>& s) {
  using T = typename L::Number;
  const std::int64_t h = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    T* const gates = s.gates + row * 3 * h;
    const std::int64_t at = row * h;
    over_lanes<L>(h, [&]<class V>(V, std::int64_t k) {
      using Float = typename V::Float;
      const Float r = V::sigmoid(load_at<Float>(gates + k));
      const Float z = V::sigmoid(load_at<Float>(gates + h + k));
      const Float n = V::tanh(load_at<Float>(gates + 2 * h + k) + r * load_at<Float>(s.recurrent_n + at + k));
      store_at(gates + k, r);
      store_at(gates + h + k, z);
      store_at(gates + 2 * h + k, n);
      store_at(s.h_out + at + k, Float(n + z * (load_at<Float>(s.h_in + at + k) - n)));
    });
  }
}

template <class L>
void gru_backward(const GruBackward<typename L::Number>& s) {
  using T = typename L::Number;
  const std::int64_t h = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    const T* const gates = s.gates + row * 3 * h;
    T* const out = s.grad_gates + row * 3 * h;
    const std::int64_t at = row * h;
    over_lanes<L>(h, [&]<class V>(V, std::int64_t k) {
      using Float = typename V::Float;
      const Float one = V::all(1);
      const Float r = load_at<Float>(gates + k);
      const Float z = load_at<Float>(gates + h + k);
      const Float n = load_at<Float>(gates + 2 * h + k);
      const Float dh = load_at<Float>(s.grad_h + at + k);
      const Float dn = dh * (one - z) * (one - n * n);
      store_at(out + k, Float(dn * load_at<Float>(s.recurrent_n + at + k) * r * (one - r)));
      store_at(out + h + k, Float(dh * (load_at<Float>(s.h_in + at + k) - n) * z * (one - z)));
      store_at(out + 2 * h + k, dn);
      store_at(s.grad_recurrent_n + at + k, Float(dn * r));
      store_at(s.grad_h + at + k, Float(dh * z));
    });
  }
}

template <class L>
void tanh_range(const typename L::Number* from, typename L::Number* to, std::int64_t n) {
  over_lanes<L>(n, [&]<class V>(V, std::int64_t k) {
    store_at(to + k, V::tanh(load_at<typename V::Float>(from + k)));
  });
}

template <class L>
inline constexpr RecurrentKernels<typename L::Number> kRecurrentLoops{
    lstm_forward<L>, lstm_backward<L>, gru_forward<L>, gru_backward<L>, tanh_range<L>};

}  // namespace
}  // namespace ballast::detail
