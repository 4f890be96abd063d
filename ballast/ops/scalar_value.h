// A number as an element of a given type.
//
//   checked_element<std::uint8_t>(300)     DTypeError "value cannot be converted to type uint8_t without overflow"
//   wrapped_element<std::uint8_t>(300)     44, as the number in `t + 300` becomes
#pragma once

#include <cmath>
#include <limits>

#include "ballast/core/convert_element.h"
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

/// Throws DTypeError with PyTorch's text where the type cannot hold the value.
template <Element T>
[[nodiscard]] T checked_element(const Scalar& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return value.to<T>();
  } else if constexpr (detail::is_complex_element<T>) {
    return convert_element<T>(value.toComplexDouble());
  } else {
    const double v = value.toDouble();
    const T out = convert_element<T>(v);
    const bool overflows = std::isfinite(v) && !std::isfinite(static_cast<float>(out));
    const std::string_view name = dtype_error_name(dtype_of<T>);
    check<DTypeError>(!overflows, "value cannot be converted to type c10::{} without overflow", name);
    return out;
  }
}

}  // namespace ballast
