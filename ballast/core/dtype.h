// The element types a tensor can hold: PyTorch's, under PyTorch's names.
//
//   dtype_name(kFloat32)                  "float32"
//   itemsize(kBFloat16)                   2 (bytes)
//   promote_types(kInt64, kFloat16)       kFloat16
//   visit_dtype(t.dtype(), [&]<class T>(std::type_identity<T>) { ... });   // T is float, std::int64_t, Half,
//   ...
#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ballast/core/minifloat.h"

namespace ballast {

enum class DType : std::uint8_t {
  kUInt8,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat16,
  kFloat32,
  kFloat64,
  kBFloat16,
  kComplex32,
  kComplex64,
  kComplex128,
  kBool,
  kFloat8_e5m2,
  kFloat8_e4m3fn,
  kFloat8_e5m2fnuz,
  kFloat8_e4m3fnuz,
  kFloat8_e8m0fnu,
};
inline constexpr int kDTypeCount = 21;

using ScalarType = DType;
using Dtype = DType;

inline constexpr DType kUInt8 = DType::kUInt8, kByte = DType::kUInt8;
inline constexpr DType kInt8 = DType::kInt8, kChar = DType::kInt8;
inline constexpr DType kInt16 = DType::kInt16, kShort = DType::kInt16;
inline constexpr DType kInt32 = DType::kInt32, kInt = DType::kInt32;
inline constexpr DType kInt64 = DType::kInt64, kLong = DType::kInt64;
inline constexpr DType kUInt16 = DType::kUInt16;
inline constexpr DType kUInt32 = DType::kUInt32;
inline constexpr DType kUInt64 = DType::kUInt64;
inline constexpr DType kFloat16 = DType::kFloat16, kHalf = DType::kFloat16;
inline constexpr DType kFloat32 = DType::kFloat32, kFloat = DType::kFloat32;
inline constexpr DType kFloat64 = DType::kFloat64, kDouble = DType::kFloat64;
inline constexpr DType kBFloat16 = DType::kBFloat16;
inline constexpr DType kComplex32 = DType::kComplex32, kComplexHalf = DType::kComplex32;
inline constexpr DType kComplex64 = DType::kComplex64, kComplexFloat = DType::kComplex64;
inline constexpr DType kComplex128 = DType::kComplex128, kComplexDouble = DType::kComplex128;
inline constexpr DType kBool = DType::kBool;
inline constexpr DType kFloat8_e5m2 = DType::kFloat8_e5m2;
inline constexpr DType kFloat8_e4m3fn = DType::kFloat8_e4m3fn;
inline constexpr DType kFloat8_e5m2fnuz = DType::kFloat8_e5m2fnuz;
inline constexpr DType kFloat8_e4m3fnuz = DType::kFloat8_e4m3fnuz;
inline constexpr DType kFloat8_e8m0fnu = DType::kFloat8_e8m0fnu;

/// Bytes of one element.
[[nodiscard]] std::int64_t itemsize(DType dtype) noexcept;
/// PyTorch's name without its module: "float32", "bool", "float8_e4m3fn".
[[nodiscard]] std::string_view dtype_name(DType dtype) noexcept;
/// The name PyTorch's error texts use: "Float", "Long", "Bool", "ComplexFloat".
[[nodiscard]] std::string_view dtype_error_name(DType dtype) noexcept;
/// The name of the element's C++ type in PyTorch, which some of its error texts use: "float", "long int", "c10::Half".
[[nodiscard]] std::string_view dtype_cpp_name(DType dtype) noexcept;
/// The type of a name as `dtype_name` gives it, with or without "torch.".
[[nodiscard]] std::optional<DType> dtype_from_name(std::string_view name) noexcept;

[[nodiscard]] bool is_floating_point(DType dtype) noexcept;  ///< real floating types, float8 included
[[nodiscard]] bool is_complex(DType dtype) noexcept;
[[nodiscard]] bool is_integral(DType dtype, bool include_bool) noexcept;
[[nodiscard]] bool is_signed(DType dtype) noexcept;
[[nodiscard]] bool is_float8(DType dtype) noexcept;
/// The complex type whose parts have type `dtype`, and the other way round.
[[nodiscard]] DType to_complex_dtype(DType dtype);
[[nodiscard]] DType to_real_dtype(DType dtype) noexcept;

/// The smallest type that both convert to under PyTorch's promotion rules. float8 promotes with itself only, the
/// unsigned types from 16 bits on with themselves and with floating types; DTypeError for other pairs.
[[nodiscard]] DType promote_types(DType a, DType b);
/// Whether an in-place operation may write a result of type `from` into a tensor of type `to`:
/// never from complex to real, from floating to integral, or from anything but bool to bool.
[[nodiscard]] bool can_cast(DType from, DType to) noexcept;

/// The floating type that factories and Python-like numbers take; float32 at the start of the process.
[[nodiscard]] DType get_default_dtype() noexcept;
/// Sets it; float16, bfloat16, float32 or float64, else DTypeError.
void set_default_dtype(DType dtype);

namespace detail {
template <class T>
struct DTypeOf;
#define BALLAST_DTYPE_OF(T, D)               \
  template <>                                \
  struct DTypeOf<T> {                        \
    static constexpr DType value = DType::D; \
  }
BALLAST_DTYPE_OF(std::uint8_t, kUInt8);
BALLAST_DTYPE_OF(std::int8_t, kInt8);
BALLAST_DTYPE_OF(std::int16_t, kInt16);
BALLAST_DTYPE_OF(std::int32_t, kInt32);
BALLAST_DTYPE_OF(std::int64_t, kInt64);
BALLAST_DTYPE_OF(long long, kInt64);
BALLAST_DTYPE_OF(std::uint16_t, kUInt16);
BALLAST_DTYPE_OF(std::uint32_t, kUInt32);
BALLAST_DTYPE_OF(std::uint64_t, kUInt64);
BALLAST_DTYPE_OF(Half, kFloat16);
BALLAST_DTYPE_OF(float, kFloat32);
BALLAST_DTYPE_OF(double, kFloat64);
BALLAST_DTYPE_OF(BFloat16, kBFloat16);
BALLAST_DTYPE_OF(ComplexHalf, kComplex32);
BALLAST_DTYPE_OF(std::complex<float>, kComplex64);
BALLAST_DTYPE_OF(std::complex<double>, kComplex128);
BALLAST_DTYPE_OF(bool, kBool);
BALLAST_DTYPE_OF(Float8_e5m2, kFloat8_e5m2);
BALLAST_DTYPE_OF(Float8_e4m3fn, kFloat8_e4m3fn);
BALLAST_DTYPE_OF(Float8_e5m2fnuz, kFloat8_e5m2fnuz);
BALLAST_DTYPE_OF(Float8_e4m3fnuz, kFloat8_e4m3fnuz);
BALLAST_DTYPE_OF(Float8_e8m0fnu, kFloat8_e8m0fnu);
#undef BALLAST_DTYPE_OF
}  // namespace detail

/// The type of a C++ element: dtype_of<float> == kFloat32.
template <class T>
inline constexpr DType dtype_of = detail::DTypeOf<std::remove_cv_t<T>>::value;

/// A C++ type that some DType stores.
template <class T>
concept Element = requires {
  detail::DTypeOf<std::remove_cv_t<T>>::value;
};

/// Calls `f(std::type_identity<T>{})` with the C++ type of `dtype`.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kUInt8:
      return f(std::type_identity<std::uint8_t>{});
    case DType::kInt8:
      return f(std::type_identity<std::int8_t>{});
    case DType::kInt16:
      return f(std::type_identity<std::int16_t>{});
    case DType::kInt32:
      return f(std::type_identity<std::int32_t>{});
    case DType::kInt64:
      return f(std::type_identity<std::int64_t>{});
    case DType::kUInt16:
      return f(std::type_identity<std::uint16_t>{});
    case DType::kUInt32:
      return f(std::type_identity<std::uint32_t>{});
    case DType::kUInt64:
      return f(std::type_identity<std::uint64_t>{});
    case DType::kFloat16:
      return f(std::type_identity<Half>{});
    case DType::kFloat32:
      return f(std::type_identity<float>{});
    case DType::kFloat64:
      return f(std::type_identity<double>{});
    case DType::kBFloat16:
      return f(std::type_identity<BFloat16>{});
    case DType::kComplex32:
      return f(std::type_identity<ComplexHalf>{});
    case DType::kComplex64:
      return f(std::type_identity<std::complex<float>>{});
    case DType::kComplex128:
      return f(std::type_identity<std::complex<double>>{});
    case DType::kBool:
      return f(std::type_identity<bool>{});
    case DType::kFloat8_e5m2:
      return f(std::type_identity<Float8_e5m2>{});
    case DType::kFloat8_e4m3fn:
      return f(std::type_identity<Float8_e4m3fn>{});
    case DType::kFloat8_e5m2fnuz:
      return f(std::type_identity<Float8_e5m2fnuz>{});
    case DType::kFloat8_e4m3fnuz:
      return f(std::type_identity<Float8_e4m3fnuz>{});
    case DType::kFloat8_e8m0fnu:
      return f(std::type_identity<Float8_e8m0fnu>{});
  }
  __builtin_unreachable();
}

}  // namespace ballast
