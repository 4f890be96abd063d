// Floating-point formats of 16 and 8 bits: their element types and the exact conversions to and from float.
//
//   BFloat16 b(0.1f);          // rounds to nearest, ties to even
//   float f = b;               // exact
//
// Every format converts through float, as PyTorch does; double rounds to float first.
#pragma once

#include <bit>
#include <cstdint>

namespace ballast {

namespace detail {

/// What a format does beyond its largest finite value.
enum class NonFinite {
  kIeee,     ///< infinities and NaN in the highest exponent
  kNanOnly,  ///< one NaN per sign (all ones), no infinity: the largest value stands for all beyond it ("fn")
  kNegZeroNan  ///< a single NaN in the place of -0, no infinity ("fnuz")
};

struct MiniFloat {
  int mantissa_bits;
  int exponent_bits;
  int bias;
  NonFinite non_finite;

  [[nodiscard]] constexpr std::uint32_t sign_bit() const { return 1u << (mantissa_bits + exponent_bits); }
  /// The magnitude bits of the largest finite value.
  [[nodiscard]] constexpr std::uint32_t largest() const {
    switch (non_finite) {
      case NonFinite::kIeee:
        return (((1u << exponent_bits) - 1) << mantissa_bits) - 1;
      case NonFinite::kNanOnly:
        return sign_bit() - 2;
      case NonFinite::kNegZeroNan:
        break;
    }
    return sign_bit() - 1;
  }
};

// Both directions compute every case and choose by masks: without branches and calls, loops over
// elements become vector code.

constexpr std::uint32_t choose(bool condition, std::uint32_t yes, std::uint32_t no) {
  const std::uint32_t mask = std::uint32_t{0} - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

[[gnu::always_inline]] constexpr std::uint32_t encode_minifloat(MiniFloat f, float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  const int dropped = 23 - f.mantissa_bits;
  const auto power_of_two = [](int e) { return static_cast<std::uint32_t>(e + 127) << 23; };

  // A normal number: the exponent with the other bias, the fraction rounded, ties to even, then cut. What
  // rounds up past the last fraction carries into the exponent.
  const std::uint32_t odd = (magnitude >> dropped) & 1u;
  const std::uint32_t rebias = static_cast<std::uint32_t>(127 - f.bias) << 23;
  const std::uint32_t normal = (magnitude - rebias + (1u << (dropped - 1)) - 1 + odd) >> dropped;
  // A subnormal one: adding a number whose last place is the format's smallest step rounds to that step.
  const std::uint32_t anchor = power_of_two(1 - f.bias - f.mantissa_bits + 23);
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + std::bit_cast<float>(anchor)) - anchor;
  std::uint32_t out = choose(magnitude < power_of_two(1 - f.bias), subnormal, normal);

  const bool one_nan = f.non_finite == NonFinite::kNegZeroNan;
  const std::uint32_t too_large = f.non_finite == NonFinite::kIeee      ? f.largest() + 1
                                  : f.non_finite == NonFinite::kNanOnly ? f.largest()
                                                                        : f.sign_bit();
  const std::uint32_t nan = f.non_finite == NonFinite::kIeee
                                ? (f.largest() + 1) | (1u << (f.mantissa_bits - 1))
                            : f.non_finite == NonFinite::kNanOnly ? f.largest() + 1
                                                                  : f.sign_bit();
  out = choose(out > f.largest(), too_large, out);
  out = choose(magnitude > 0x7F800000u, nan, out);
  const std::uint32_t sign = (bits >> 31) * f.sign_bit();
  return one_nan ? choose(out == 0, 0, out | sign) : out | sign;
}

[[gnu::always_inline]] constexpr float decode_minifloat(MiniFloat f, std::uint32_t bits) {
  const std::uint32_t magnitude = bits & (f.sign_bit() - 1);
  const int dropped = 23 - f.mantissa_bits;
  const std::uint32_t wide = magnitude << dropped;
  const std::uint32_t normal = wide + (static_cast<std::uint32_t>(127 - f.bias) << 23);
  const float step = std::bit_cast<float>(static_cast<std::uint32_t>(128 - f.bias - f.mantissa_bits) << 23);
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(magnitude)) * step);
  std::uint32_t out = choose(magnitude < (1u << f.mantissa_bits), subnormal, normal);
  const std::uint32_t non_finite = f.non_finite == NonFinite::kIeee ? wide | 0x7F800000u : 0x7FC00000u;
  out = choose(magnitude > f.largest(), non_finite, out);
  if (f.non_finite == NonFinite::kNegZeroNan) out = choose(bits == f.sign_bit(), 0x7FC00000u, out);
  const std::uint32_t sign = (bits & f.sign_bit()) << (31 - f.mantissa_bits - f.exponent_bits);
  return std::bit_cast<float>(out | sign);
}

}  // namespace detail

/// An element of one of the small formats: the bits, and conversions to and from float.
template <class Bits, detail::MiniFloat Format>
struct MiniFloatElement {
  Bits bits = 0;

  constexpr MiniFloatElement() = default;
  [[gnu::always_inline]] constexpr explicit MiniFloatElement(float value)
      : bits(static_cast<Bits>(detail::encode_minifloat(Format, value))) {}
  [[gnu::always_inline]] constexpr operator float() const {
    return detail::decode_minifloat(Format, bits);
  }  // NOLINT(*-explicit-*)
  static constexpr MiniFloatElement from_bits(Bits b) {
    MiniFloatElement e;
    e.bits = b;
    return e;
  }
};

using Half = MiniFloatElement<std::uint16_t, detail::MiniFloat{10, 5, 15, detail::NonFinite::kIeee}>;
using Float8_e5m2 = MiniFloatElement<std::uint8_t, detail::MiniFloat{2, 5, 15, detail::NonFinite::kIeee}>;
using Float8_e4m3fn = MiniFloatElement<std::uint8_t, detail::MiniFloat{3, 4, 7, detail::NonFinite::kNanOnly}>;
using Float8_e5m2fnuz =
    MiniFloatElement<std::uint8_t, detail::MiniFloat{2, 5, 16, detail::NonFinite::kNegZeroNan}>;
using Float8_e4m3fnuz =
    MiniFloatElement<std::uint8_t, detail::MiniFloat{3, 4, 8, detail::NonFinite::kNegZeroNan}>;

/// The upper half of a float.
struct BFloat16 {
  std::uint16_t bits = 0;

  constexpr BFloat16() = default;
  constexpr explicit BFloat16(float value) {
    const std::uint32_t b = std::bit_cast<std::uint32_t>(value);
    bits = (b & 0x7FFFFFFFu) > 0x7F800000u
               ? std::uint16_t{0x7FC0}
               : static_cast<std::uint16_t>((b + 0x7FFFu + ((b >> 16) & 1u)) >> 16);
  }
  constexpr operator float() const {  // NOLINT(*-explicit-*)
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
  static constexpr BFloat16 from_bits(std::uint16_t b) {
    BFloat16 e;
    e.bits = b;
    return e;
  }
};

/// A power of two from 2^-127 to 2^127, or NaN (0xFF); no sign and no zero: the scale format of OCP MX.
struct Float8_e8m0fnu {
  std::uint8_t bits = 0;

  constexpr Float8_e8m0fnu() = default;
  constexpr explicit Float8_e8m0fnu(float value) {
    const std::uint32_t b = std::bit_cast<std::uint32_t>(value);
    std::uint32_t exponent = (b >> 23) & 0xFFu;
    const std::uint32_t fraction = b & 0x7FFFFFu;
    if (exponent != 0xFF && (fraction > 0x400000u || (fraction == 0x400000u && exponent > 0))) ++exponent;
    bits = static_cast<std::uint8_t>(exponent);
  }
  constexpr operator float() const {  // NOLINT(*-explicit-*)
    if (bits == 0xFF) return std::bit_cast<float>(0x7FC00000u);
    return std::bit_cast<float>(bits == 0 ? 0x00400000u : static_cast<std::uint32_t>(bits) << 23);
  }
  static constexpr Float8_e8m0fnu from_bits(std::uint8_t b) {
    Float8_e8m0fnu e;
    e.bits = b;
    return e;
  }
};

/// A complex number of two halves (PyTorch's complex32).
struct ComplexHalf {
  Half real_part;
  Half imag_part;
};

}  // namespace ballast
