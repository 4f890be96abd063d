// Elements of any type as floats or doubles. Included once by each file that is built for a level. Internal.
//
// What is called here is inlined by force or belongs to the file: a function that several files shared would be kept in the
// version of one of them, which another CPU may not run.
#pragma once

#include <bit>
#include <complex>
#include <type_traits>

#include "ballast/inspect/cpu/kernels.h"
#include "ballast/inspect/cpu/registers.h"

namespace ballast::inspect::detail {
namespace {

template <class T>
[[gnu::always_inline]] inline T element_at(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

template <class To, class From>
[[gnu::always_inline]] inline To widened(const std::byte* p) {
  if constexpr (std::is_same_v<From, bool>) {
    return *p != std::byte{0} ? To{1} : To{0};
  } else if constexpr (std::is_same_v<From, BFloat16>) {
    const auto bits = element_at<std::uint16_t>(p);
    return static_cast<To>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
  } else if constexpr (std::is_same_v<From, Float8_e8m0fnu>) {
    const auto bits = static_cast<std::uint32_t>(element_at<std::uint8_t>(p));
    constexpr std::uint32_t kNan = 0x7FC00000, kLeast = 0x00400000, kNoNumber = 0xFF;
    const std::uint32_t wide = bits == kNoNumber ? kNan : bits == 0 ? kLeast : bits << 23;
    return static_cast<To>(std::bit_cast<float>(wide));
  } else if constexpr (std::is_arithmetic_v<From>) {
    return static_cast<To>(element_at<From>(p));
  } else {
    return static_cast<To>(static_cast<float>(element_at<From>(p)));
  }
}

template <class To, class From>
void widen(const std::byte* from, std::int64_t step, std::int64_t n, std::byte* to) {
  constexpr auto kSize = static_cast<std::int64_t>(sizeof(To));
  const auto put = [](std::byte* p, To value) { std::memcpy(p, &value, sizeof value); };
  if (step == static_cast<std::int64_t>(sizeof(From))) {
    for (std::int64_t i = 0; i < n; ++i) {
      put(to + i * kSize, widened<To, From>(from + i * static_cast<std::int64_t>(sizeof(From))));
    }
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) put(to + i * kSize, widened<To, From>(from + i * step));
}

template <class To, class Part>
void widen_complex(const std::byte* from, std::int64_t step, std::int64_t n, std::byte* to) {
  for (std::int64_t i = 0; i < n; ++i) {
    const To both[2] = {widened<To, Part>(from + i * step),
                        widened<To, Part>(from + i * step + static_cast<std::int64_t>(sizeof(Part)))};
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof both), both, sizeof both);
  }
}

template <class To>
constexpr std::array<Widen, kDTypeCount> widen_table() {
  std::array<Widen, kDTypeCount> table{};
  const auto put = [&](DType dtype, Widen loop) {
    const bool exact = std::is_same_v<To, double> || !is_wide(dtype);
    table[static_cast<std::size_t>(dtype)] = exact ? loop : nullptr;
  };
  put(kUInt8, widen<To, std::uint8_t>);
  put(kInt8, widen<To, std::int8_t>);
  put(kInt16, widen<To, std::int16_t>);
  put(kInt32, widen<To, std::int32_t>);
  put(kInt64, widen<To, std::int64_t>);
  put(kUInt16, widen<To, std::uint16_t>);
  put(kUInt32, widen<To, std::uint32_t>);
  put(kUInt64, widen<To, std::uint64_t>);
  put(kFloat16, widen<To, Half>);
  put(kFloat32, widen<To, float>);
  put(kFloat64, widen<To, double>);
  put(kBFloat16, widen<To, BFloat16>);
  put(kComplex32, widen_complex<To, Half>);
  put(kComplex64, widen_complex<To, float>);
  put(kComplex128, widen_complex<To, double>);
  put(kBool, widen<To, bool>);
  put(kFloat8_e5m2, widen<To, Float8_e5m2>);
  put(kFloat8_e4m3fn, widen<To, Float8_e4m3fn>);
  put(kFloat8_e5m2fnuz, widen<To, Float8_e5m2fnuz>);
  put(kFloat8_e4m3fnuz, widen<To, Float8_e4m3fnuz>);
  put(kFloat8_e8m0fnu, widen<To, Float8_e8m0fnu>);
  return table;
}

}  // namespace
}  // namespace ballast::inspect::detail
