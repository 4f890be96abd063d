#include "ballast/ops/arithmetic.h"

#include <cmath>

#include "ballast/ops/elementwise.h"
#include "ballast/ops/integer_arithmetic.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

/// a + alpha * b; `alpha` is 1 or -1.
struct AddOrSubtract {
  static constexpr const char* kName = "add_stub";
  static constexpr DTypeSet kTypes = kBools | kIntegers | kReals | kComplexes | kHalfComplex;
  bool subtract = false;

  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_same_v<T, bool>) {
      return a || b;
    } else if constexpr (std::is_integral_v<T>) {
      return wrapping_add(a, subtract ? wrapping_neg(b) : b);
    } else {
      return subtract ? a - b : a + b;
    }
  }
};

/// a + alpha * b, fused where the type is real.
struct AddScaled {
  static constexpr const char* kName = "add_stub";
  static constexpr DTypeSet kTypes = AddOrSubtract::kTypes;
  bool truth = false;
  std::int64_t integer = 0;
  double real = 0;
  float rounded = 0;
  std::complex<double> number;

  AddScaled(const Scalar& alpha, DType dtype) {
    if (dtype == kBool) {
      truth = alpha.toBool();
    } else if (is_integral(dtype, false)) {
      integer = alpha.toLong();
    } else if (is_complex(dtype)) {
      number = alpha.toComplexDouble();
    } else {
      real = alpha.toDouble();
      rounded = dtype == kFloat16    ? static_cast<float>(Half(static_cast<float>(real)))
                : dtype == kBFloat16 ? static_cast<float>(BFloat16(static_cast<float>(real)))
                                     : alpha.toFloat();
    }
  }

  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_same_v<T, bool>) {
      return a || (truth && b);
    } else if constexpr (std::is_integral_v<T>) {
      return wrapping_add(a, wrapping_mul(static_cast<T>(integer), b));
    } else if constexpr (std::is_same_v<T, float>) {
      return std::fma(b, rounded, a);
    } else if constexpr (std::is_same_v<T, double>) {
      return std::fma(b, real, a);
    } else {
      const T s(number);
      return {a.real() + (s.real() * b.real() - s.imag() * b.imag()),
              a.imag() + (s.real() * b.imag() + s.imag() * b.real())};
    }
  }
};

struct Multiply {
  static constexpr const char* kName = "mul_cpu";
  static constexpr DTypeSet kTypes = kEveryType;
  static constexpr bool kTakesFloats = true;

  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_same_v<T, bool>) {
      return a && b;
    } else if constexpr (std::is_integral_v<T>) {
      return wrapping_mul(a, b);
    } else if constexpr (detail::is_complex_element<T>) {
      return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
    } else {
      return a * b;
    }
  }
};

struct Divide {
  static constexpr const char* kName = "div_cpu";
  static constexpr DTypeSet kTypes = kReals | kComplexes;
  static constexpr bool kTakesFloats = true;

  template <class T>
  T operator()(T a, T b) const {
    if constexpr (detail::is_complex_element<T>) {
      // Smith, Algorithm 116 (1962): no overflow where the quotient has none.
      if (std::abs(b.real()) >= std::abs(b.imag())) {
        if (b.real() == 0 && b.imag() == 0)
          return {a.real() / std::abs(b.real()), a.imag() / std::abs(b.imag())};
        const auto ratio = b.imag() / b.real();
        const auto scale = 1 / (b.real() + b.imag() * ratio);
        return {(a.real() + a.imag() * ratio) * scale, (a.imag() - a.real() * ratio) * scale};
      }
      const auto ratio = b.real() / b.imag();
      const auto scale = 1 / (b.real() * ratio + b.imag());
      return {(a.real() * ratio + a.imag()) * scale, (a.imag() * ratio - a.real()) * scale};
    } else {
      return a / b;
    }
  }
};

struct Remainder {
  static constexpr const char* kName = "remainder_cpu";
  static constexpr DTypeSet kTypes = kIntegers | kReals;

  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      check<ValueError>(b != 0, "ZeroDivisionError");
      return python_remainder(a, b);
    } else {
      const T r = std::fmod(a, b);
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }
  }
};

void check_alpha(DType dtype, const Scalar& alpha) {
  check<DTypeError>(!alpha.is_boolean() || dtype == kBool,
                    "Boolean alpha only supported for Boolean results.");
  check<DTypeError>(!is_integral(dtype, true) || alpha.is_integral(true),
                    "For integral input tensors, argument alpha must not be a floating point number.");
  check<DTypeError>(is_complex(dtype) || !alpha.is_complex(),
                    "For non-complex input tensors, argument alpha must not be a complex number.");
}

bool is_one(const Scalar& alpha) { return !alpha.is_complex() && alpha.toDouble() == 1; }

void check_subtractable(const Operand& a, const Operand& b) {
  check<DTypeError>(
      a.is_number() || b.is_number() || a.dtype() != kBool || b.dtype() != kBool,
      "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
      "operator instead.");
  check<DTypeError>(a.dtype() != kBool && b.dtype() != kBool,
                    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
                    "to invert a mask, "
                    "use the `~` or `logical_not()` operator instead.");
}

Scalar negated(const Scalar& alpha) {
  if (alpha.is_complex()) return -alpha.toComplexDouble();
  if (alpha.is_floating_point()) return -alpha.toDouble();
  return -alpha.toLong();
}

Tensor sum_of(const Operand& a, const Operand& b, const Scalar& alpha, bool subtract) {
  if (subtract) check_subtractable(a, b);
  const DType dtype = result_type(a, b);
  check_alpha(dtype, alpha);
  if (is_one(alpha)) return binary(a, b, dtype, AddOrSubtract{subtract});
  return binary(a, b, dtype, AddScaled(subtract ? negated(alpha) : alpha, dtype));
}

const Tensor& add_to(const Tensor& self, const Operand& b, const Scalar& alpha, bool subtract) {
  if (subtract) check_subtractable(self, b);
  const DType dtype = result_type(self, b);
  check_alpha(dtype, alpha);
  if (is_one(alpha)) return binary_inplace(self, b, dtype, AddOrSubtract{subtract});
  return binary_inplace(self, b, dtype, AddScaled(subtract ? negated(alpha) : alpha, dtype));
}

Tensor product_of(const Operand& a, const Operand& b) { return binary(a, b, result_type(a, b), Multiply{}); }
Tensor quotient_of(const Operand& a, const Operand& b) {
  return binary(a, b, real_result_type(result_type(a, b)), Divide{});
}
Tensor remainder_of(const Operand& a, const Operand& b) {
  return binary(a, b, result_type(a, b), Remainder{});
}

}  // namespace

Tensor Tensor::add(const Tensor& o, const Scalar& alpha) const { return sum_of(*this, o, alpha, false); }
Tensor Tensor::add(const Scalar& o, const Scalar& alpha) const { return sum_of(*this, o, alpha, false); }
Tensor Tensor::sub(const Tensor& o, const Scalar& alpha) const { return sum_of(*this, o, alpha, true); }
Tensor Tensor::sub(const Scalar& o, const Scalar& alpha) const { return sum_of(*this, o, alpha, true); }
Tensor Tensor::mul(const Tensor& o) const { return product_of(*this, o); }
Tensor Tensor::mul(const Scalar& o) const { return product_of(*this, o); }
Tensor Tensor::div(const Tensor& o) const { return quotient_of(*this, o); }
Tensor Tensor::div(const Scalar& o) const { return quotient_of(*this, o); }
Tensor Tensor::remainder(const Tensor& o) const { return remainder_of(*this, o); }
Tensor Tensor::remainder(const Scalar& o) const { return remainder_of(*this, o); }

const Tensor& Tensor::add_(const Tensor& o, const Scalar& alpha) const {
  return add_to(*this, o, alpha, false);
}
const Tensor& Tensor::add_(const Scalar& o, const Scalar& alpha) const {
  return add_to(*this, o, alpha, false);
}
const Tensor& Tensor::sub_(const Tensor& o, const Scalar& alpha) const {
  return add_to(*this, o, alpha, true);
}
const Tensor& Tensor::sub_(const Scalar& o, const Scalar& alpha) const {
  return add_to(*this, o, alpha, true);
}
const Tensor& Tensor::mul_(const Tensor& o) const {
  return binary_inplace(*this, o, result_type(*this, o), Multiply{});
}
const Tensor& Tensor::mul_(const Scalar& o) const {
  return binary_inplace(*this, o, result_type(*this, o), Multiply{});
}
const Tensor& Tensor::div_(const Tensor& o) const {
  return binary_inplace(*this, o, real_result_type(result_type(*this, o)), Divide{});
}
const Tensor& Tensor::div_(const Scalar& o) const {
  return binary_inplace(*this, o, real_result_type(result_type(*this, o)), Divide{});
}

Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha) { return self.add(other, alpha); }
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha) { return self.add(other, alpha); }
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha) { return self.sub(other, alpha); }
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha) { return self.sub(other, alpha); }
Tensor rsub(const Tensor& self, const Tensor& other, const Scalar& alpha) {
  return sum_of(other, self, alpha, true);
}
Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha) {
  return sum_of(other, self, alpha, true);
}
Tensor mul(const Tensor& self, const Tensor& other) { return self.mul(other); }
Tensor mul(const Tensor& self, const Scalar& other) { return self.mul(other); }
Tensor div(const Tensor& self, const Tensor& other) { return self.div(other); }
Tensor div(const Tensor& self, const Scalar& other) { return self.div(other); }
Tensor remainder(const Tensor& self, const Tensor& other) { return self.remainder(other); }
Tensor remainder(const Tensor& self, const Scalar& other) { return self.remainder(other); }
Tensor remainder(const Scalar& self, const Tensor& other) { return remainder_of(self, other); }

Tensor operator+(const Scalar& a, const Tensor& b) { return b.add(a); }
Tensor operator/(const Scalar& a, const Tensor& b) { return reciprocal(b).mul(a); }

}  // namespace ballast
