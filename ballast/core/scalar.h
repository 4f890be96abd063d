// One number of any kind, as arguments take it: `t.add(1)`, `t.add(2.5)`, `full({2}, true)`.
#pragma once

#include <complex>
#include <concepts>
#include <cstdint>

#include "ballast/core/dtype.h"

namespace ballast {

class Scalar {
 public:
  enum class Kind : std::uint8_t { kTruth, kInteger, kUnsigned, kReal, kComplexNumber };

  Scalar() : Scalar(std::int64_t{0}) {}
  Scalar(bool v) : kind_(Kind::kTruth), int_(v ? 1 : 0) {}  // NOLINT(*-explicit-*)
  template <std::integral T>
  requires(!std::same_as<T, bool>) Scalar(T v)  // NOLINT(*-explicit-*)
      : kind_(std::unsigned_integral<T> && sizeof(T) == 8 ? Kind::kUnsigned : Kind::kInteger),
        int_(static_cast<std::int64_t>(v)) {
    if (kind_ == Kind::kUnsigned && int_ >= 0) kind_ = Kind::kInteger;
  }
  template <std::floating_point T>
  Scalar(T v) : kind_(Kind::kReal), double_(static_cast<double>(v)) {}  // NOLINT(*-explicit-*)
  Scalar(Half v) : Scalar(static_cast<float>(v)) {}                     // NOLINT(*-explicit-*)
  Scalar(BFloat16 v) : Scalar(static_cast<float>(v)) {}                 // NOLINT(*-explicit-*)
  Scalar(std::complex<double> v)
      : kind_(Kind::kComplexNumber), double_(v.real()), imag_(v.imag()) {}  // NOLINT(*-explicit-*)
  Scalar(std::complex<float> v) : Scalar(std::complex<double>(v)) {}        // NOLINT(*-explicit-*)

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_boolean() const noexcept { return kind_ == Kind::kTruth; }
  [[nodiscard]] bool is_integral(bool include_bool) const noexcept {
    return kind_ == Kind::kInteger || kind_ == Kind::kUnsigned || (include_bool && kind_ == Kind::kTruth);
  }
  [[nodiscard]] bool is_floating_point() const noexcept { return kind_ == Kind::kReal; }
  [[nodiscard]] bool is_complex() const noexcept { return kind_ == Kind::kComplexNumber; }
  /// The type that a Python-like number stands for: bool, int64 (uint64 beyond its range), the default
  /// floating type, or the complex type that belongs to it.
  [[nodiscard]] DType dtype() const;

  /// The value as a T. Throws DTypeError with PyTorch's text where the conversion would overflow:
  /// "value cannot be converted to type float without overflow".
  template <class T>
  [[nodiscard]] T to() const;
  [[nodiscard]] bool toBool() const;
  [[nodiscard]] int toInt() const;
  [[nodiscard]] std::int64_t toLong() const;
  [[nodiscard]] float toFloat() const;
  [[nodiscard]] double toDouble() const;
  [[nodiscard]] std::complex<double> toComplexDouble() const;

 private:
  Kind kind_;
  union {
    std::int64_t int_;
    double double_;
  };
  double imag_ = 0;
};

template <>
bool Scalar::to<bool>() const;
template <>
std::int8_t Scalar::to<std::int8_t>() const;
template <>
std::int16_t Scalar::to<std::int16_t>() const;
template <>
std::int32_t Scalar::to<std::int32_t>() const;
template <>
std::int64_t Scalar::to<std::int64_t>() const;
template <>
std::uint8_t Scalar::to<std::uint8_t>() const;
template <>
std::uint16_t Scalar::to<std::uint16_t>() const;
template <>
std::uint32_t Scalar::to<std::uint32_t>() const;
template <>
std::uint64_t Scalar::to<std::uint64_t>() const;
template <>
float Scalar::to<float>() const;
template <>
double Scalar::to<double>() const;
template <>
std::complex<double> Scalar::to<std::complex<double>>() const;

}  // namespace ballast
