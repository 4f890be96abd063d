// The table of one SimdLevel. Included once by each file that is built for a level. Internal.
#pragma once

#include <cstdint>

#include "ballast/ops/cpu/functions.h"
#include "ballast/ops/cpu/recurrent_kernels.h"

namespace ballast::detail {
namespace {

template <class T>
inline void sigmoid_in_place(T* x, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) x[k] = sigmoid_of(x[k]);
}
template <class T>
inline void tanh_in_place(T* x, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) x[k] = tanh_of(x[k]);
}

template <class T>
void lstm_forward(const LstmForward<T>& s) {
  const std::int64_t n = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    T* const i_gate = s.gates + row * 4 * n;
    T* const f_gate = i_gate + n;
    T* const g_gate = i_gate + 2 * n;
    T* const o_gate = i_gate + 3 * n;
    sigmoid_in_place(i_gate, 2 * n);
    tanh_in_place(g_gate, n);
    sigmoid_in_place(o_gate, n);
    const T* const c_in = s.c_in + row * n;
    T* const c_out = s.c_out + row * n;
    T* const tanh_c = s.tanh_c + row * n;
    T* const h = s.h + row * n;
#pragma GCC ivdep
    for (std::int64_t k = 0; k < n; ++k) {
      const T c = f_gate[k] * c_in[k] + i_gate[k] * g_gate[k];
      const T t = tanh_of(c);
      c_out[k] = c;
      tanh_c[k] = t;
      h[k] = o_gate[k] * t;
    }
  }
}

template <class T>
void lstm_backward(const LstmBackward<T>& s) {
  const std::int64_t n = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    const T* const gates = s.gates + row * 4 * n;
    const T* const c_in = s.c_in + row * n;
    const T* const tanh_c = s.tanh_c + row * n;
    const T* const grad_h = s.grad_h + row * n;
    T* const grad_c = s.grad_c + row * n;
    T* const i_grad = s.grad_gates + row * 4 * n;
    T* const f_grad = i_grad + n;
    T* const g_grad = i_grad + 2 * n;
    T* const o_grad = i_grad + 3 * n;
#pragma GCC ivdep
    for (std::int64_t k = 0; k < n; ++k) {
      const T i = gates[k];
      const T f = gates[n + k];
      const T g = gates[2 * n + k];
      const T o = gates[3 * n + k];
      const T t = tanh_c[k];
      const T dh = grad_h[k];
      const T dc = grad_c[k] + dh * o * (1 - t * t);
      i_grad[k] = dc * g * i * (1 - i);
      f_grad[k] = dc * c_in[k] * f * (1 - f);
      g_grad[k] = dc * i * (1 - g * g);
      o_grad[k] = dh * t * o * (1 - o);
      grad_c[k] = dc * f;
    }
  }
}

template <class T>
void gru_forward(const GruForward<T>& s) {
  const std::int64_t n = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    T* const r_gate = s.gates + row * 3 * n;
    T* const z_gate = r_gate + n;
    T* const n_gate = r_gate + 2 * n;
    sigmoid_in_place(r_gate, 2 * n);
    const T* const recurrent_n = s.recurrent_n + row * n;
    const T* const h_in = s.h_in + row * n;
    T* const h_out = s.h_out + row * n;
#pragma GCC ivdep
    for (std::int64_t k = 0; k < n; ++k) {
      const T candidate = tanh_of(n_gate[k] + r_gate[k] * recurrent_n[k]);
      n_gate[k] = candidate;
      h_out[k] = candidate + z_gate[k] * (h_in[k] - candidate);
    }
  }
}

template <class T>
void gru_backward(const GruBackward<T>& s) {
  const std::int64_t n = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    const T* const gates = s.gates + row * 3 * n;
    const T* const recurrent_n = s.recurrent_n + row * n;
    const T* const h_in = s.h_in + row * n;
    T* const grad_h = s.grad_h + row * n;
    T* const r_grad = s.grad_gates + row * 3 * n;
    T* const z_grad = r_grad + n;
    T* const n_grad = r_grad + 2 * n;
    T* const grad_recurrent_n = s.grad_recurrent_n + row * n;
#pragma GCC ivdep
    for (std::int64_t k = 0; k < n; ++k) {
      const T r = gates[k];
      const T z = gates[n + k];
      const T candidate = gates[2 * n + k];
      const T dh = grad_h[k];
      const T d = dh * (1 - z) * (1 - candidate * candidate);
      r_grad[k] = d * recurrent_n[k] * r * (1 - r);
      z_grad[k] = dh * (h_in[k] - candidate) * z * (1 - z);
      n_grad[k] = d;
      grad_recurrent_n[k] = d * r;
      grad_h[k] = dh * z;
    }
  }
}

template <class T>
constexpr RecurrentLoops<T> recurrent_loops_of() {
  return {lstm_forward<T>, lstm_backward<T>, gru_forward<T>, gru_backward<T>};
}

constexpr RecurrentKernels recurrent_table() {
  return {recurrent_loops_of<float>(), recurrent_loops_of<double>()};
}

}  // namespace
}  // namespace ballast::detail
