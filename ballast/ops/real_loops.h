// What operations share whose loops exist for float and double only, over dense memory. Internal.
#pragma once

#include "ballast/core/parallel.h"
#include "ballast/core/tensor.h"

namespace ballast::detail {

/// Whether the loops take the type as it is; the other floating types are computed in float.
[[nodiscard]] inline bool has_real_loops(DType dtype) { return dtype == kFloat32 || dtype == kFloat64; }

/// Calls f(T{}) for T float or double.
template <class F>
void with_real(DType dtype, const F& f) {
  if (dtype == kFloat64) {
    f(double{});
  } else {
    f(float{});
  }
}

/// The first element; null of an undefined tensor. The type is not checked again.
template <class T>
[[nodiscard]] T* elements(const Tensor& t) {
  return t.defined() ? static_cast<T*>(t.data_ptr()) : nullptr;
}

/// part(begin, end) over n elements, on several threads if they are many.
template <class Part>
void in_parts(std::int64_t n, const Part& part) {
  if (n < 2 * kElementGrain) return part(std::int64_t{0}, n);
  parallel_for(n, kElementGrain, part);
}

}  // namespace ballast::detail
