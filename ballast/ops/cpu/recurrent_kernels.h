// The elementwise loops of recurrent layers: all gates of a step in one pass, forward and backward. One version per
// SimdLevel, all with the same bits. Internal.
//
// A step has `rows` sequences and `hidden` units; every matrix is row-major and dense, gates of [rows, gates * hidden] in the
// order of the weights' rows. No two of them overlap.
#pragma once

#include <cstdint>

namespace ballast::detail {

template <class T>
struct LstmForward {
  std::int64_t rows, hidden;
  T* gates;       ///< in: sums of i, f, g, o; out: the gates
  const T* c_in;  ///< [rows, hidden], as all below
  T* c_out;
  T* tanh_c;
  T* h;
};
template <class T>
struct LstmBackward {
  std::int64_t rows, hidden;
  const T* gates;
  const T* c_in;
  const T* tanh_c;
  const T* grad_h;
  T* grad_c;      ///< in: of c_out; out: of c_in
  T* grad_gates;  ///< of the sums
};
template <class T>
struct GruForward {
  std::int64_t rows, hidden;
  T* gates;              ///< in: sums of r, z and the input's part of n; out: the gates
  const T* recurrent_n;  ///< the state's part of n
  const T* h_in;
  T* h_out;
};
template <class T>
struct GruBackward {
  std::int64_t rows, hidden;
  const T* gates;
  const T* recurrent_n;
  const T* h_in;
  T* grad_h;      ///< in: of h_out; out: what h_in gets directly
  T* grad_gates;  ///< of the sums
  T* grad_recurrent_n;
};

template <class T>
struct RecurrentLoops {
  void (*lstm_forward)(const LstmForward<T>&);
  void (*lstm_backward)(const LstmBackward<T>&);
  void (*gru_forward)(const GruForward<T>&);
  void (*gru_backward)(const GruBackward<T>&);
};

struct RecurrentKernels {
  RecurrentLoops<float> of_float;
  RecurrentLoops<double> of_double;
};

extern const RecurrentKernels kRecurrentBaseline;
#if defined(__x86_64__)
extern const RecurrentKernels kRecurrentAvx2;
extern const RecurrentKernels kRecurrentAvx512;
#endif

/// Those of simd_level().
[[nodiscard]] const RecurrentKernels& recurrent_kernels() noexcept;

template <class T>
[[nodiscard]] const RecurrentLoops<T>& recurrent_loops() noexcept {
  if constexpr (sizeof(T) == sizeof(float)) {
    return recurrent_kernels().of_float;
  } else {
    return recurrent_kernels().of_double;
  }
}

}  // namespace ballast::detail
