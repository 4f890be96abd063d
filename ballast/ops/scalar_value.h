// A number as an element of a given type.
//
//   checked_element<std::uint8_t>(300)     DTypeError "value cannot be converted to type uint8_t without overflow"
//   wrapped_element<std::uint8_t>(300)     44, as the number in `t + 300` becomes
#pragma once

#include <cmath>
#include <limits>

#include "ballast/core/convert_element.h"
#include "ballast/core/error.h"
#include "ballast/core/scalar.h"

namespace ballast {

/// Converts as a tensor of one element would: integers wrap, an imaginary part goes.
template <Element T>
[[nodiscard]] T wrapped_element(const Scalar& value) {
  switch (value.kind()) {
    case Scalar::Kind::kTruth:
      return convert_element<T>(value.toBool());
    case Scalar::Kind::kInteger:
      return convert_element<T>(value.toLong());
    case Scalar::Kind::kUnsigned:
      return convert_element<T>(value.to<std::uint64_t>());
    case Scalar::Kind::kReal:
      return convert_element<T>(value.toDouble());
    case Scalar::Kind::kComplexNumber:
      return convert_element<T>(value.toComplexDouble());
  }
  __builtin_unreachable();
}

namespace detail {

/// The largest finite value of a format of 16 or 8 bits.
template <class T>
constexpr double largest_of_small_float() {
  if constexpr (std::is_same_v<T, BFloat16>) return 0x1.FEp127;
  if constexpr (std::is_same_v<T, Float8_e8m0fnu>) return 0x1p127;
  if constexpr (std::is_same_v<T, Float8_e4m3fn>) return 448;
  if constexpr (std::is_same_v<T, Float8_e4m3fnuz>) return 240;
  return std::is_same_v<T, Half> ? 65504 : 57344;
}

template <class T>
constexpr bool has_infinity =
    std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> || std::is_same_v<T, Float8_e5m2>;

}  // namespace detail

/// Throws DTypeError with PyTorch's text where the type cannot hold the value.
template <Element T>
[[nodiscard]] T checked_element(const Scalar& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return value.to<T>();
  } else if constexpr (detail::is_complex_element<T>) {
    const std::complex<double> v = value.toComplexDouble();
    if constexpr (!std::is_same_v<T, std::complex<double>>) {
      constexpr bool kOfHalf = std::is_same_v<T, ComplexHalf>;
      constexpr double kMost =
          kOfHalf ? detail::largest_of_small_float<Half>() : std::numeric_limits<float>::max();
      const auto fits = [](double part) { return !std::isfinite(part) || std::abs(part) <= kMost; };
      check<DTypeError>(fits(v.real()) && fits(v.imag()),
                        "value cannot be converted to type c10::complex<{}> without overflow",
                        kOfHalf ? "c10::Half" : "float");
    }
    return convert_element<T>(v);
  } else {
    const std::complex<double> v = value.toComplexDouble();
    bool fits = std::isfinite(v.real()) ? std::abs(v.real()) <= detail::largest_of_small_float<T>()
                                        : std::isnan(v.real()) || detail::has_infinity<T>;
    if constexpr (std::is_same_v<
                      T, Float8_e8m0fnu>) {  // holds powers of two from 2^-127 on; PyTorch lets integers be
      fits = fits && (value.is_integral(true) || !(v.real() < 0x1p-127));
    }
    check<DTypeError>(v.imag() == 0 && fits, "value cannot be converted to type c10::{} without overflow",
                      dtype_error_name(dtype_of<T>));
    return convert_element<T>(v.real());
  }
}

/// Rounds as far as it takes; integers are checked, and real types take no imaginary part. What PyTorch does with a single
/// element.
template <Element T>
[[nodiscard]] T rounded_element(const Scalar& value) {
  if constexpr (std::is_integral_v<T>) {
    return value.to<T>();
  } else if constexpr (detail::is_complex_element<T>) {
    return convert_element<T>(value.toComplexDouble());
  } else {
    return convert_element<T>(value.toDouble());
  }
}

}  // namespace ballast
