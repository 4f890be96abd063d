#include <cmath>

#include "ballast/autograd/tape.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/complex_arithmetic.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/integer_arithmetic.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

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

/// Small powers, by products.
struct SmallPower {
  static constexpr const char* kName = "pow";
  static constexpr DTypeSet kTypes = Power::kTypes;
  double exponent;

  [[nodiscard]] static bool covers(double e) { return e == 2 || e == 3 || e == -2; }

  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return wrapping_pow(x, static_cast<std::uint64_t>(exponent));
    } else if constexpr (detail::is_complex_element<T>) {
      const T square = complex_product(x, x);
      return exponent == 2   ? square
             : exponent == 3 ? complex_product(square, x)
                             : complex_quotient(T(1), square);
    } else {
      return exponent == 2 ? x * x : exponent == 3 ? x * x * x : 1 / (x * x);
    }
  }
};

/// DTypeError unless an exponent of integers and 16-bit floats is one of their values.
void check_exponent_fits(const Scalar& exponent, DType type) {
  constexpr DTypeSet kChecked = kIntegers | set_of(kFloat16, kBFloat16);
  if ((set_of(type) & kChecked) == 0 || exponent.is_complex()) return;
  visit_dtype(type, [&]<class T>(std::type_identity<T>) { static_cast<void>(checked_element<T>(exponent)); });
}

Tensor power_values(const Tensor& self, const Scalar& exponent) {
  const DType type = result_type(self, exponent);
  check<ValueError>(
      !(exponent.is_integral(true) && ballast::is_integral(type, true) && exponent.toDouble() < 0),
      "Integers to negative integer powers are not allowed.");
  const Tensor base = self.to(type);
  Tensor out = detail::empty_result<1>({base}, type, type, self.is_meta());
  const double e = exponent.is_complex() ? std::nan("") : exponent.toDouble();
  if (e == 0) return out.fill_(1);
  if (e == 1) return out.copy_(base);
  constexpr DTypeSet kRooted = set_of(kBFloat16, kFloat32, kFloat64) | kComplexes | kHalfComplex;
  if ((set_of(type) & kRooted) != 0) {
    if (e == 0.5) return base.sqrt();
    if (e == -0.5) return rsqrt(base);
    if (e == -1) return reciprocal(base);
  }
  check_exponent_fits(exponent, type);
  if (SmallPower::covers(e)) {
    detail::unary_into(out, base, type, SmallPower{e});
  } else {
    detail::binary_into(out, base, exponent, type, Power{});
  }
  return out;
}

Tensor gradient_of_power(const Tensor& grad, const Tensor& base, const Scalar& exponent) {
  if (!exponent.is_complex() && exponent.toDouble() == 0) return zeros_like(grad);
  const Scalar less = exponent.is_complex()        ? Scalar(exponent.toComplexDouble() - 1.0)
                      : exponent.is_integral(true) ? Scalar(exponent.toLong() - 1)
                                                   : Scalar(exponent.toDouble() - 1);
  return grad.mul(conj(base.pow(less).mul(exponent)));
}

void gradients_of_power(Backward& b) {
  const Tensor& base = b.saved(0);
  const Tensor& exponent = b.saved(1);
  if (b.wants(0)) {
    const Tensor slope = conj(exponent.mul(base.pow(exponent.sub(1))));
    b.give(0, where(exponent.eq(0), zeros_like(slope), b.grad().mul(slope)));
  }
  if (b.wants(1)) {
    // 0 to a positive power stays 0.
    const Tensor slope = conj(b.saved(2).mul(base.log()));
    const Tensor flat = base.eq(0).bitwise_and(exponent.ge(0));
    b.give(1, b.grad().mul(where(flat, zeros_like(slope), slope)));
  }
}

}  // namespace

Tensor Tensor::pow(const Tensor& exponent) const {
  const Tape tape(*this, exponent);
  Tensor out = binary(*this, exponent, broadcast_type(*this, exponent), Power{});
  if (tape.on()) tape.record("PowBackward1", out, saved(*this, exponent, out), gradients_of_power);
  return out;
}

Tensor Tensor::pow(const Scalar& exponent) const {
  const Tape tape(*this);
  Tensor out = power_values(*this, exponent);
  if (tape.on()) {
    tape.record("PowBackward0", out, saved(*this),
                [exponent](Backward& b) { b.give(0, gradient_of_power(b.grad(), b.saved(0), exponent)); });
  }
  return out;
}

Tensor pow(const Tensor& self, const Tensor& exponent) { return self.pow(exponent); }
Tensor pow(const Tensor& self, const Scalar& exponent) { return self.pow(exponent); }
Tensor pow(const Scalar& self, const Tensor& exponent) {
  const DType type = result_type(self, exponent);
  const Tape tape(exponent);
  Tensor out = empty(exponent.sizes(), TensorOptions(type).device(exponent.device()));
  if (!self.is_boolean() && self.toComplexDouble() == 1.0) {
    out.fill_(1);
  } else {
    detail::binary_into(out, self, exponent, type, Power{});
  }
  if (tape.on()) {
    tape.record("PowBackward2", out, saved(out), [self](Backward& b) {
      const double base = self.toDouble();
      b.give(0, base == 0 ? zeros_like(b.grad()) : b.grad().mul(b.saved(0).mul(std::log(base))));
    });
  }
  return out;
}

}  // namespace ballast
