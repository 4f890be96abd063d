#include "ballast/core/scalar.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "ballast/core/error.h"

namespace ballast {
namespace {

[[noreturn]] void overflow(DType to) {
  static constexpr std::string_view kNames[] = {"uint8_t", "int8_t",   "int16_t",  "int",
                                                "int64_t", "uint16_t", "uint32_t", "uint64_t",
                                                "Half",    "float",    "double"};
  throw DTypeError(fmt::format("value cannot be converted to type {} without overflow",
                               kNames[static_cast<std::size_t>(to)]));
}

template <class T>
T integer_from_double(double v) {
  // PyTorch compares the number itself, not what truncation leaves: 255.5 does not fit into uint8.
  constexpr double kLow = static_cast<double>(std::numeric_limits<T>::min());
  constexpr double kHigh = static_cast<double>(std::numeric_limits<T>::max());
  constexpr bool kHighIsExact = sizeof(T) < 8;
  if (!(v >= kLow && (kHighIsExact ? v <= kHigh : v < kHigh))) overflow(dtype_of<T>);
  return static_cast<T>(v);
}

template <class T>
T integer_from_int(std::int64_t v, bool is_unsigned) {
  if (is_unsigned) {
    if (!std::in_range<T>(static_cast<std::uint64_t>(v))) overflow(dtype_of<T>);
  } else if (!std::in_range<T>(v)) {
    // PyTorch lets a negative number wrap into an unsigned type as long as its magnitude fits.
    const std::uint64_t magnitude = std::uint64_t{0} - static_cast<std::uint64_t>(v);
    if (!(std::is_unsigned_v<T> && v < 0 && std::in_range<T>(magnitude))) overflow(dtype_of<T>);
  }
  return static_cast<T>(v);
}

}  // namespace

DType Scalar::dtype() const {
  switch (kind_) {
    case Kind::kTruth:
      return kBool;
    case Kind::kInteger:
      return kInt64;
    case Kind::kUnsigned:
      return kUInt64;
    case Kind::kReal:
      return get_default_dtype();
    case Kind::kComplexNumber:
      return to_complex_dtype(get_default_dtype());
  }
  __builtin_unreachable();
}

bool Scalar::toBool() const {
  if (kind_ == Kind::kComplexNumber) return double_ != 0 || imag_ != 0;
  return kind_ == Kind::kReal ? double_ != 0 : int_ != 0;
}

double Scalar::toDouble() const {
  switch (kind_) {
    case Kind::kUnsigned:
      return static_cast<double>(static_cast<std::uint64_t>(int_));
    case Kind::kReal:
      return double_;
    case Kind::kComplexNumber:
      if (imag_ != 0) overflow(kFloat64);
      return double_;
    default:
      return static_cast<double>(int_);
  }
}

std::complex<double> Scalar::toComplexDouble() const {
  if (kind_ == Kind::kComplexNumber) return {double_, imag_};
  return {toDouble(), 0.0};
}

float Scalar::toFloat() const {
  if (kind_ == Kind::kComplexNumber && imag_ != 0) overflow(kFloat32);
  const double v = toDouble();
  if (std::isfinite(v) && std::abs(v) > static_cast<double>(std::numeric_limits<float>::max()))
    overflow(kFloat32);
  return static_cast<float>(v);
}

#define BALLAST_SCALAR_TO_INTEGER(T)                             \
  template <>                                                    \
  T Scalar::to<T>() const {                                      \
    if (kind_ == Kind::kReal || kind_ == Kind::kComplexNumber) { \
      if (imag_ != 0) overflow(dtype_of<T>);                     \
      return integer_from_double<T>(double_);                    \
    }                                                            \
    return integer_from_int<T>(int_, kind_ == Kind::kUnsigned);  \
  }
BALLAST_SCALAR_TO_INTEGER(std::int8_t)
BALLAST_SCALAR_TO_INTEGER(std::int16_t)
BALLAST_SCALAR_TO_INTEGER(std::int32_t)
BALLAST_SCALAR_TO_INTEGER(std::int64_t)
BALLAST_SCALAR_TO_INTEGER(std::uint8_t)
BALLAST_SCALAR_TO_INTEGER(std::uint16_t)
BALLAST_SCALAR_TO_INTEGER(std::uint32_t)
BALLAST_SCALAR_TO_INTEGER(std::uint64_t)
#undef BALLAST_SCALAR_TO_INTEGER

template <>
bool Scalar::to<bool>() const {
  return toBool();
}
template <>
float Scalar::to<float>() const {
  return toFloat();
}
template <>
double Scalar::to<double>() const {
  return toDouble();
}
template <>
std::complex<double> Scalar::to<std::complex<double>>() const {
  return toComplexDouble();
}

int Scalar::toInt() const { return to<std::int32_t>(); }
std::int64_t Scalar::toLong() const { return to<std::int64_t>(); }

}  // namespace ballast
