// For which element types an operation exists, and in which C++ type it computes.
//
//   visit_dtype_of<kIntegers | kReals>(t.dtype(), "sign_cpu", [&]<class T>(std::type_identity<T>) { ... });
//   compute_t<Half> x = load_for_compute<Half>(p);   // a float
#pragma once

#include <complex>
#include <cstdint>

#include "ballast/core/convert_element.h"
#include "ballast/core/strided_loop.h"

namespace ballast {

/// A set of element types, one bit each.
using DTypeSet = std::uint32_t;
[[nodiscard]] constexpr DTypeSet set_of(DType d) { return DTypeSet{1} << static_cast<int>(d); }
template <class... D>
[[nodiscard]] constexpr DTypeSet set_of(D... d) {
  return (set_of(d) | ...);
}
inline constexpr DTypeSet kBools = set_of(kBool);
inline constexpr DTypeSet kIntegers = set_of(kUInt8, kInt8, kInt16, kInt32, kInt64);
inline constexpr DTypeSet kWideUnsigned = set_of(kUInt16, kUInt32, kUInt64);
inline constexpr DTypeSet kReals = set_of(kFloat16, kBFloat16, kFloat32, kFloat64);
inline constexpr DTypeSet kComplexes = set_of(kComplex64, kComplex128);
inline constexpr DTypeSet kHalfComplex = set_of(kComplex32);
inline constexpr DTypeSet kFloat8s =
    set_of(kFloat8_e5m2, kFloat8_e4m3fn, kFloat8_e5m2fnuz, kFloat8_e4m3fnuz, kFloat8_e8m0fnu);
inline constexpr DTypeSet kEveryType = (DTypeSet{1} << kDTypeCount) - 1;

/// The type in which one element is computed.
template <class T>
struct ComputeType {
  using type = std::conditional_t<detail::is_small_float<T>, float, T>;
};
template <>
struct ComputeType<ComplexHalf> {
  using type = std::complex<float>;
};
template <class T>
using compute_t = typename ComputeType<T>::type;

template <class T>
[[nodiscard]] compute_t<T> to_compute(T v) {
  if constexpr (std::is_same_v<T, ComplexHalf>) {
    return {static_cast<float>(v.real_part), static_cast<float>(v.imag_part)};
  } else {
    return static_cast<compute_t<T>>(v);
  }
}
template <class T>
[[nodiscard]] compute_t<T> load_for_compute(const std::byte* p) {
  return to_compute(load<T>(p));
}

[[noreturn]] inline void throw_not_implemented(const char* name, DType dtype) {
  throw NotImplementedError(fmt::format("\"{}\" not implemented for '{}'", name, dtype_error_name(dtype)));
}

/// Calls f(std::type_identity<T>{}) for the C++ type of `dtype` if it is in Set, else throws
/// "\"mul_cpu\" not implemented for 'Float8_e4m3fn'".
template <DTypeSet Set, class F>
void visit_dtype_of(DType dtype, const char* name, F&& f) {
  visit_dtype(dtype, [&]<class T>(std::type_identity<T> tag) {
    if constexpr ((Set & set_of(dtype_of<T>)) != 0) {
      f(tag);
    } else {
      throw_not_implemented(name, dtype);
    }
  });
}

/// NotImplementedError unless `dtype` is in Set.
template <DTypeSet Set>
void check_kernel(DType dtype, const char* name) {
  if ((Set & set_of(dtype)) == 0) throw_not_implemented(name, dtype);
}

}  // namespace ballast
