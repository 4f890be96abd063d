// One element converted to another type, exactly as PyTorch converts it on x86-64.
//
//   convert_element<std::int8_t>(2.9f)        2: towards zero
//   convert_element<Half>(0.1)                through float, as every small format
//   convert_element<bool>(NaN)                true: whatever is not zero
//   convert_element<float>(1.0 + 2.0i)        1: the imaginary part goes
//
// Integers wrap around. A floating number outside the range of an integer type has no right answer; the
// result is what the processor's instructions give and PyTorch therefore shows: int8, int16, uint16 and int32
// go through int32, the others through int64 (uint64 in two halves), and there -2^31 or -2^63 stands for all
// that does not fit, NaN included. (To uint32 PyTorch's own results vary with the length of the tensor; this
// is the one of a single element.)
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "ballast/core/dtype.h"

namespace ballast {

namespace detail {

template <class T>
inline constexpr bool is_complex_element =
    std::is_same_v<T, ComplexHalf> || std::is_same_v<T, std::complex<float>> ||
    std::is_same_v<T, std::complex<double>>;
/// A type of 8 or 16 bits that converts through float.
template <class T>
inline constexpr bool is_small_float = !std::is_arithmetic_v<T> && !is_complex_element<T>;

/// A format with a single NaN, which PyTorch turns into the integer 0.
template <class T>
inline constexpr bool has_one_nan = std::is_same_v<T, Float8_e5m2fnuz> ||
                                    std::is_same_v<T, Float8_e4m3fnuz> || std::is_same_v<T, Float8_e8m0fnu>;

/// Towards zero; the least value for what does not fit.
template <class I>
constexpr I truncate_to(double x) {
  constexpr double kLow = static_cast<double>(std::numeric_limits<I>::min());
  return x >= kLow && x < -kLow ? static_cast<I>(x) : std::numeric_limits<I>::min();
}

template <class I>
constexpr I integer_from_real(double x) {
  if constexpr (std::is_same_v<I, std::uint64_t>) {
    constexpr double kHalf = 0x1p63;
    constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
    return x >= kHalf ? static_cast<std::uint64_t>(truncate_to<std::int64_t>(x - kHalf)) ^ kTop
                      : static_cast<std::uint64_t>(truncate_to<std::int64_t>(x));
  } else if constexpr (sizeof(I) == 8 || std::is_same_v<I, std::uint32_t> ||
                       std::is_same_v<I, std::uint8_t>) {
    return static_cast<I>(truncate_to<std::int64_t>(x));
  } else {
    return static_cast<I>(truncate_to<std::int32_t>(x));
  }
}

}  // namespace detail

/// The element whose bytes begin at `p`: at any address, as elements of a mapped file may stand, and with any
/// byte for a bool (not 0 is true).
template <Element T>
T load_element(const std::byte* p) {
  if constexpr (std::is_same_v<T, bool>) {
    return *p != std::byte{0};
  } else {
    T value;
    std::memcpy(&value, p, sizeof(T));
    return value;
  }
}

/// `value` as a To.
template <Element To, Element From>
constexpr To convert_element(From value) {
  using namespace detail;
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, ComplexHalf>) {
    return convert_element<To>(
        std::complex<float>(static_cast<float>(value.real_part), static_cast<float>(value.imag_part)));
  } else if constexpr (is_complex_element<From>) {
    if constexpr (std::is_same_v<To, bool>) {
      return value.real() != 0 || value.imag() != 0;
    } else if constexpr (std::is_same_v<To, ComplexHalf>) {
      return {convert_element<Half>(value.real()), convert_element<Half>(value.imag())};
    } else if constexpr (is_complex_element<To>) {
      return To(static_cast<typename To::value_type>(value.real()),
                static_cast<typename To::value_type>(value.imag()));
    } else {
      return convert_element<To>(value.real());
    }
  } else if constexpr (is_small_float<From>) {
    if constexpr (has_one_nan<From> && std::is_integral_v<To> && !std::is_same_v<To, bool>) {
      const float real = value;
      if (real != real) return 0;
    }
    return convert_element<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, ComplexHalf>) {
    return {convert_element<Half>(value), Half()};
  } else if constexpr (is_complex_element<To>) {
    return To(static_cast<typename To::value_type>(value));
  } else if constexpr (is_small_float<To>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return integer_from_real<To>(static_cast<double>(value));
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace ballast
