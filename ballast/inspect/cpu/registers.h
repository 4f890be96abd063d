// Vectors of numbers as wide as the instructions this file is compiled for, and sixteen sums side by side. Internal.
//
// Element i of a run goes to sum i % 16 whatever the width of a register, and the sixteen are joined by halves: the same bits
// at every SimdLevel. Included once by each file that is built for a level; everything here is that file's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ballast::inspect::detail {

/// Sums that run side by side.
inline constexpr std::int64_t kLanes = 16;

namespace {

#if defined(__AVX512F__)
constexpr std::size_t kRegisterBytes = 64;
#elif defined(__AVX__)
constexpr std::size_t kRegisterBytes = 32;
#else
constexpr std::size_t kRegisterBytes = 16;
#endif

// The attribute needs a type that is known.
using DoubleRegister = double __attribute__((vector_size(kRegisterBytes)));
using FloatRegister = float __attribute__((vector_size(kRegisterBytes)));
using FloatHalf = float __attribute__((vector_size(kRegisterBytes / 2)));
using IntRegister = std::int32_t __attribute__((vector_size(kRegisterBytes)));
using LongRegister = std::int64_t __attribute__((vector_size(kRegisterBytes)));
using UnsignedRegister = std::uint32_t __attribute__((vector_size(kRegisterBytes)));
using UnsignedLongRegister = std::uint64_t __attribute__((vector_size(kRegisterBytes)));

constexpr std::size_t kDoubles = kRegisterBytes / sizeof(double);  // in a register
constexpr std::size_t kParts = kLanes / kDoubles;                  // registers that hold sixteen sums

/// What goes with elements of T: a register of them, and of their bits.
template <class T>
struct RegisterOf;
template <>
struct RegisterOf<float> {
  using Value = FloatRegister;
  using Signed = IntRegister;
  using Unsigned = UnsignedRegister;
};
template <>
struct RegisterOf<double> {
  using Value = DoubleRegister;
  using Signed = LongRegister;
  using Unsigned = UnsignedLongRegister;
};

template <class Register>
[[gnu::always_inline]] inline Register load_register(const std::byte* p) {
  Register r;
  std::memcpy(&r, p, sizeof r);
  return r;
}

/// As many elements as a register has doubles, as doubles.
template <class T>
[[gnu::always_inline]] inline DoubleRegister load_doubles(const std::byte* p) {
  if constexpr (std::is_same_v<T, float>) {
    return __builtin_convertvector(load_register<FloatHalf>(p), DoubleRegister);
  } else {
    return load_register<DoubleRegister>(p);
  }
}

[[gnu::always_inline]] inline DoubleRegister magnitude(DoubleRegister x) {
  constexpr std::int64_t kAllButSign = 0x7FFFFFFFFFFFFFFF;
  return reinterpret_cast<DoubleRegister>(reinterpret_cast<LongRegister>(x) & kAllButSign);
}

/// Sixteen numbers in registers, from and to an array of them.
struct Lanes {
  DoubleRegister part[kParts];

  [[gnu::always_inline]] explicit Lanes(const double* from) { std::memcpy(part, from, sizeof part); }
  [[gnu::always_inline]] void store(double* to) const { std::memcpy(to, part, sizeof part); }
};

/// Calls `group` with the address of every sixteen elements; the last ones are filled up with `filling`.
template <class T, class Group>
[[gnu::always_inline]] inline void each_group(const std::byte* p, std::int64_t n, T filling,
                                              const Group& group) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) group(p + i * static_cast<std::int64_t>(sizeof(T)));
  if (i == n) return;
  T rest[kLanes];
  for (T& x : rest) x = filling;
  std::memcpy(rest, p + i * static_cast<std::int64_t>(sizeof(T)),
              static_cast<std::size_t>(n - i) * sizeof(T));
  group(reinterpret_cast<const std::byte*>(rest));
}

}  // namespace
}  // namespace ballast::inspect::detail
