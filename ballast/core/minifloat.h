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

constexpr std::uint32_t encode_minifloat(MiniFloat f, float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 31) != 0 ? f.sign_bit() : 0;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  const bool unsigned_nan = f.non_finite == NonFinite::kNegZeroNan;
  if (magnitude > 0x7F800000u) {  // NaN
    if (unsigned_nan) return f.sign_bit();
    if (f.non_finite == NonFinite::kNanOnly) return sign | (f.sign_bit() - 1);
    return sign | (f.largest() + 1) | (1u << (f.mantissa_bits - 1));
  }
  const std::uint32_t overflow = f.non_finite == NonFinite::kIeee      ? sign | (f.largest() + 1)
                                 : f.non_finite == NonFinite::kNanOnly ? sign | f.largest()
                                                                       : f.sign_bit();
  if (magnitude == 0x7F800000u) return overflow;
  const int exponent32 = static_cast<int>(magnitude >> 23);
  const std::uint32_t significand = (magnitude & 0x7FFFFFu) | (exponent32 != 0 ? 0x800000u : 0u);
  const int exponent =
      (exponent32 != 0 ? exponent32 : 1) - 127 + f.bias;  // of the target; below 1: subnormal
  const int shift = 23 - f.mantissa_bits + (exponent < 1 ? 1 - exponent : 0);
  if (shift > 25) return unsigned_nan ? 0 : sign;
  const std::uint32_t below = significand & ((1u << shift) - 1);
  const std::uint32_t half = 1u << (shift - 1);
  std::uint32_t kept = significand >> shift;
  if (below > half || (below == half && (kept & 1) != 0)) ++kept;
  // The implicit leading one, if there is one, carries into the exponent field.
  const std::uint64_t wide =
      (static_cast<std::uint64_t>(exponent < 1 ? 0 : exponent - 1) << f.mantissa_bits) + kept;
  if (wide > f.largest()) return overflow;
  const auto out = static_cast<std::uint32_t>(wide);
  return out == 0 && unsigned_nan ? 0 : sign | out;
}

constexpr float decode_minifloat(MiniFloat f, std::uint32_t bits) {
  const std::uint32_t sign = (bits & f.sign_bit()) != 0 ? 0x80000000u : 0u;
  const std::uint32_t magnitude = bits & (f.sign_bit() - 1);
  if (f.non_finite == NonFinite::kNegZeroNan && bits == f.sign_bit())
    return std::bit_cast<float>(0xFFC00000u);
  if (magnitude > f.largest()) {
    const std::uint32_t fraction = magnitude & ((1u << f.mantissa_bits) - 1);
    if (f.non_finite == NonFinite::kIeee) {
      return std::bit_cast<float>(sign | 0x7F800000u | (fraction << (23 - f.mantissa_bits)));
    }
    return std::bit_cast<float>(sign | 0x7FC00000u);
  }
  const std::uint32_t fraction = magnitude & ((1u << f.mantissa_bits) - 1);
  const int exponent = static_cast<int>(magnitude >> f.mantissa_bits);
  // fraction * 2^(1 - bias - mantissa_bits) for a subnormal; both steps are exact in float.
  const auto power = [](int e) { return std::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23); };
  const float unit = f.bias + f.mantissa_bits - 1 <= 126 ? power(1 - f.bias - f.mantissa_bits) : 0x1p-133f;
  const float value = exponent == 0
                          ? static_cast<float>(fraction) * unit
                          : std::bit_cast<float>((static_cast<std::uint32_t>(exponent - f.bias + 127) << 23) |
                                                 (fraction << (23 - f.mantissa_bits)));
  return sign != 0 ? -value : value;
}

}  // namespace detail

/// An element of one of the small formats: the bits, and conversions to and from float.
template <class Bits, detail::MiniFloat Format>
struct MiniFloatElement {
  Bits bits = 0;

  constexpr MiniFloatElement() = default;
  constexpr explicit MiniFloatElement(float value)
      : bits(static_cast<Bits>(detail::encode_minifloat(Format, value))) {}
  constexpr operator float() const { return detail::decode_minifloat(Format, bits); }  // NOLINT(*-explicit-*)
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
