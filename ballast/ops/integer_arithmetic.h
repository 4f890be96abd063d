// Integer arithmetic that wraps around, as tensors' does, where C++ leaves overflow undefined.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace ballast {

namespace detail {
/// Wide enough that no product of two T is promoted to a signed type.
template <class T>
using wrapping_t = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
}  // namespace detail

template <std::integral T>
[[nodiscard]] constexpr T wrapping_add(T a, T b) {
  using U = detail::wrapping_t<T>;
  return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
}
template <std::integral T>
[[nodiscard]] constexpr T wrapping_mul(T a, T b) {
  using U = detail::wrapping_t<T>;
  return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
}
template <std::integral T>
[[nodiscard]] constexpr T wrapping_neg(T a) {
  using U = detail::wrapping_t<T>;
  return static_cast<T>(U{0} - static_cast<U>(a));
}
/// `base` to a power of at least 0.
template <std::integral T>
[[nodiscard]] constexpr T wrapping_pow(T base, std::uint64_t exponent) {
  T result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = wrapping_mul(result, base);
    base = wrapping_mul(base, base);
  }
  return result;
}

/// Quotient towards zero and remainder of the divisor's sign; the divisor is not 0. The least number divided by -1 wraps.
template <std::integral T>
[[nodiscard]] constexpr T wrapping_div(T a, T b) {
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return wrapping_neg(a);
  }
  return static_cast<T>(a / b);
}
template <std::integral T>
[[nodiscard]] constexpr T python_remainder(T a, T b) {
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
    const T r = static_cast<T>(a % b);
    return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
  } else {
    return static_cast<T>(a % b);
  }
}

}  // namespace ballast
