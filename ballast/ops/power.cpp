#include <cmath>

#include "ballast/ops/arithmetic.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/integer_arithmetic.h"

namespace ballast {
namespace {

struct Power {
  static constexpr const char* kName = "pow";
  static constexpr DTypeSet kTypes = kIntegers | kReals | kComplexes;

  template <class T>
  T operator()(T base, T exponent) const {
    if constexpr (std::is_integral_v<T>) {
      if constexpr (std::is_signed_v<T>) {
        if (exponent < 0) return base == 1 ? T{1} : base == -1 ? (exponent % 2 == 0 ? T{1} : T{-1}) : T{0};
      }
      return wrapping_pow(base, static_cast<std::uint64_t>(exponent));
    } else {
      return std::pow(base, exponent);
    }
  }
};

/// Powers that PyTorch computes without a logarithm.
struct SpecialPower {
  static constexpr const char* kName = "pow";
  static constexpr DTypeSet kTypes = Power::kTypes;
  double exponent;

  [[nodiscard]] static bool covers(double e) {
    return e == 0.5 || e == 2 || e == 3 || e == -0.5 || e == -1 || e == -2;
  }

  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return wrapping_pow(x, static_cast<std::uint64_t>(exponent));
    } else {
      const T one(1);
      if (exponent == 0.5) return std::sqrt(x);
      if (exponent == 2) return x * x;
      if (exponent == 3) return x * x * x;
      if (exponent == -0.5) return one / std::sqrt(x);
      if (exponent == -1) return one / x;
      return one / (x * x);
    }
  }
};

}  // namespace

Tensor Tensor::pow(const Tensor& exponent) const {
  return binary(*this, exponent, result_type(*this, exponent), Power{});
}

Tensor Tensor::pow(const Scalar& exponent) const {
  const DType type = result_type(*this, exponent);
  const bool is_real = !exponent.is_complex();
  check<ValueError>(!(exponent.is_integral(true) && is_integral(type, true) && exponent.toDouble() < 0),
                    "Integers to negative integer powers are not allowed.");
  if (is_real && exponent.toDouble() == 0) return full_like(*this, 1, type);
  if (is_real && exponent.toDouble() == 1) return to(type, false, true);
  if (is_real && SpecialPower::covers(exponent.toDouble()))
    return unary(*this, type, SpecialPower{exponent.toDouble()});
  return binary(*this, exponent, type, Power{});
}

Tensor pow(const Tensor& self, const Tensor& exponent) { return self.pow(exponent); }
Tensor pow(const Tensor& self, const Scalar& exponent) { return self.pow(exponent); }
Tensor pow(const Scalar& self, const Tensor& exponent) {
  return binary(self, exponent, result_type(self, exponent), Power{});
}

}  // namespace ballast
