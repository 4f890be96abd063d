#include "ballast/ops/arithmetic.h"

#include <cmath>
#include <complex>

#include "ballast/autograd/tape.h"
#include "ballast/ops/complex_arithmetic.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/integer_arithmetic.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

/// a + alpha * b where alpha is 1 or -1, which is exact in every type but the complex ones: there the products with alpha's
/// imaginary part, 0, are not 0 where b is not finite.
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
    } else if constexpr (detail::is_complex_element<T>) {
      return a + complex_product(T(subtract ? -1 : 1), b);
    } else {
      return subtract ? a - b : a + b;
    }
  }
};

/// a + alpha * b for elements of type T. Products are fused with the sum for float and double, and for the 16-bit floats in
/// blocks; what is left of a row of these rounds them first.
template <class T>
struct AddScaled {
  static constexpr const char* kName = AddOrSubtract::kName;
  static constexpr DTypeSet kTypes = set_of(dtype_of<T>);
  compute_t<T> alpha;

  using C = compute_t<T>;
  C operator()(C a, C b) const {
    if constexpr (std::is_same_v<T, bool>) {
      return a || (alpha && b);
    } else if constexpr (std::is_integral_v<T>) {
      return wrapping_add(a, wrapping_mul(alpha, b));
    } else if constexpr (detail::is_complex_element<C>) {
      return a + to_compute(convert_element<T>(complex_product(alpha, b)));
    } else if constexpr (std::is_same_v<T, C>) {
      return std::fma(b, alpha, a);
    } else {
      return a + to_compute(T(alpha * b));
    }
  }
  C in_block(C a, C b) const requires(std::is_same_v<C, float> && sizeof(T) == 2) {
    return std::fma(b, alpha, a);
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
      return complex_product(a, b);
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
      return complex_quotient(a, b);
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
      a.dtype() != kBool || b.dtype() != kBool,
      "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
      "operator instead.");
  check<DTypeError>(a.dtype() != kBool && b.dtype() != kBool,
                    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
                    "to invert a mask, use the `~` or `logical_not()` operator instead.");
}

Scalar negated(const Scalar& alpha) {
  if (alpha.is_complex()) return -alpha.toComplexDouble();
  if (alpha.is_floating_point()) return -alpha.toDouble();
  return -alpha.toLong();
}

/// Calls f with the operation that adds alpha times its right operand, for elements of type `dtype`.
template <class F>
void with_scaled(DType dtype, const Scalar& alpha, F f) {
  visit_dtype_of<AddOrSubtract::kTypes>(dtype, AddOrSubtract::kName, [&]<class T>(std::type_identity<T>) {
    f(AddScaled<T>{to_compute(checked_element<T>(alpha))});
  });
}

Tensor sum_of(const Operand& a, const Operand& b, const Scalar& alpha, bool subtract) {
  if (subtract) check_subtractable(a, b);
  const DType dtype = broadcast_type(a, b);
  static_cast<void>(broadcast_shapes(a.sizes(), b.sizes()));  // refused before alpha is looked at
  check_alpha(dtype, alpha);
  if (is_one(alpha)) return binary(a, b, dtype, AddOrSubtract{subtract});
  Tensor out;
  with_scaled(dtype, subtract ? negated(alpha) : alpha,
              [&](const auto& op) { out = binary(a, b, dtype, op); });
  return out;
}

const Tensor& add_to(const Tensor& self, const Operand& b, const Scalar& alpha, bool subtract) {
  if (subtract) check_subtractable(self, b);
  const DType dtype = inplace_type(self, b);
  check_alpha(dtype, alpha);
  if (is_one(alpha)) return binary_inplace(self, b, dtype, AddOrSubtract{subtract});
  with_scaled(dtype, subtract ? negated(alpha) : alpha,
              [&](const auto& op) { binary_inplace(self, b, dtype, op); });
  return self;
}

Tensor product_of(const Operand& a, const Operand& b) {
  return binary(a, b, broadcast_type(a, b), Multiply{});
}
Tensor quotient_of(const Operand& a, const Operand& b) {
  return binary(a, b, real_result_type(broadcast_type(a, b)), Divide{});
}
Tensor remainder_of(const Operand& a, const Operand& b) {
  return binary(a, b, broadcast_type(a, b), Remainder{});
}
const Tensor& multiply_by(const Tensor& self, const Operand& b) {
  return binary_inplace(self, b, inplace_type(self, b), Multiply{});
}
const Tensor& divide_by(const Tensor& self, const Operand& b) {
  return binary_inplace(self, b, inplace_type(self, b, real_result_type), Divide{});
}

Tensor times(const Tensor& grad, const Scalar& factor) { return is_one(factor) ? grad : grad.mul(factor); }

/// a + alpha b, or a - alpha b; either may be a number.
template <class A, class B>
Tensor recorded_sum(const A& a, const B& b, const Scalar& alpha, bool subtract) {
  const auto record = [&](const auto& tape, const Tensor& out, std::size_t of_b) {
    tape.record(subtract ? "SubBackward0" : "AddBackward0", out, saved(), [=](Backward& back) {
      if (of_b != 0 && back.wants(0)) back.give(0, back.grad());
      if (of_b < back.num_inputs() && back.wants(of_b)) {
        const Tensor scaled = times(back.grad(), alpha);
        back.give(of_b, subtract ? scaled.neg() : scaled);
      }
    });
  };
  if constexpr (std::is_same_v<A, Tensor> && std::is_same_v<B, Tensor>) {
    const Tape tape(a, b);
    Tensor out = sum_of(a, b, alpha, subtract);
    if (tape.on()) record(tape, out, 1);
    return out;
  } else if constexpr (std::is_same_v<A, Tensor>) {
    const Tape tape(a);
    Tensor out = sum_of(a, b, alpha, subtract);
    if (tape.on()) record(tape, out, 2);
    return out;
  } else {
    const Tape tape(b);
    Tensor out = sum_of(a, b, alpha, subtract);
    if (tape.on()) record(tape, out, 0);
    return out;
  }
}

template <class B>
const Tensor& recorded_add_to(const Tensor& self, const B& b, const Scalar& alpha, bool subtract) {
  const char* const name = subtract ? "SubBackward0" : "AddBackward0";
  if constexpr (std::is_same_v<B, Tensor>) {
    const InplaceTape tape(self, b);
    add_to(self, b, alpha, subtract);
    if (tape.on()) {
      tape.record(name, self, saved(), [=](Backward& back) {
        if (back.wants(0)) back.give(0, back.grad());
        if (back.wants(1)) {
          const Tensor scaled = times(back.grad(), alpha);
          back.give(1, subtract ? scaled.neg() : scaled);
        }
      });
    }
  } else {
    const InplaceTape tape(self);
    add_to(self, b, alpha, subtract);
    if (tape.on()) tape.record(name, self, saved(), [](Backward& back) { back.give(0, back.grad()); });
  }
  return self;
}

void gradients_of_product(Backward& b) {
  if (b.wants(0)) b.give(0, b.grad().mul(conj(b.saved(1))));
  if (b.wants(1)) b.give(1, b.grad().mul(conj(b.saved(0))));
}

void gradients_of_quotient(Backward& b) {
  const Tensor divisor = conj(b.saved(1));
  const Tensor of_dividend = b.grad().div(divisor);
  if (b.wants(1)) b.give(1, of_dividend.neg().mul(conj(b.saved(0)).div(divisor)));
  if (b.wants(0)) b.give(0, of_dividend);
}

Scalar conj(const Scalar& s) { return s.is_complex() ? Scalar(std::conj(s.toComplexDouble())) : s; }

}  // namespace

Tensor Tensor::add(const Tensor& o, const Scalar& alpha) const {
  return recorded_sum(*this, o, alpha, false);
}
Tensor Tensor::add(const Scalar& o, const Scalar& alpha) const {
  return recorded_sum(*this, o, alpha, false);
}
Tensor Tensor::sub(const Tensor& o, const Scalar& alpha) const { return recorded_sum(*this, o, alpha, true); }
Tensor Tensor::sub(const Scalar& o, const Scalar& alpha) const { return recorded_sum(*this, o, alpha, true); }

Tensor Tensor::mul(const Tensor& o) const {
  const Tape tape(*this, o);
  Tensor out = product_of(*this, o);
  if (tape.on()) {
    const Tensor none;
    tape.record("MulBackward0", out, saved(tape.wants(1) ? *this : none, tape.wants(0) ? o : none),
                gradients_of_product);
  }
  return out;
}
Tensor Tensor::mul(const Scalar& o) const {
  const Tape tape(*this);
  Tensor out = product_of(*this, o);
  if (tape.on())
    tape.record("MulBackward0", out, saved(), [o](Backward& b) { b.give(0, b.grad().mul(conj(o))); });
  return out;
}
Tensor Tensor::div(const Tensor& o) const {
  const Tape tape(*this, o);
  Tensor out = quotient_of(*this, o);
  if (tape.on()) {
    const Tensor none;
    tape.record("DivBackward0", out, saved(tape.wants(1) ? *this : none, o), gradients_of_quotient);
  }
  return out;
}
Tensor Tensor::div(const Scalar& o) const {
  const Tape tape(*this);
  Tensor out = quotient_of(*this, o);
  if (tape.on())
    tape.record("DivBackward0", out, saved(), [o](Backward& b) { b.give(0, b.grad().div(conj(o))); });
  return out;
}
Tensor Tensor::remainder(const Tensor& o) const {
  const Tape tape(*this, o);
  Tensor out = remainder_of(*this, o);
  if (tape.on()) {
    tape.record("RemainderBackward0", out, saved(*this, o), [](Backward& b) {
      if (b.wants(0)) b.give(0, b.grad());
      if (b.wants(1)) b.give(1, b.grad().mul(b.saved(0).div(b.saved(1)).floor().neg()));
    });
  }
  return out;
}
Tensor Tensor::remainder(const Scalar& o) const {
  const Tape tape(*this);
  Tensor out = remainder_of(*this, o);
  if (tape.on()) tape.record("RemainderBackward0", out, saved(), [](Backward& b) { b.give(0, b.grad()); });
  return out;
}

const Tensor& Tensor::add_(const Tensor& o, const Scalar& alpha) const {
  return recorded_add_to(*this, o, alpha, false);
}
const Tensor& Tensor::add_(const Scalar& o, const Scalar& alpha) const {
  return recorded_add_to(*this, o, alpha, false);
}
const Tensor& Tensor::sub_(const Tensor& o, const Scalar& alpha) const {
  return recorded_add_to(*this, o, alpha, true);
}
const Tensor& Tensor::sub_(const Scalar& o, const Scalar& alpha) const {
  return recorded_add_to(*this, o, alpha, true);
}
const Tensor& Tensor::mul_(const Tensor& o) const {
  const InplaceTape tape(*this, o);
  const Tensor before = tape.wants(1) ? tape.before() : Tensor();
  multiply_by(*this, o);
  if (tape.on()) tape.record("MulBackward0", *this, saved(before, o), gradients_of_product);
  return *this;
}
const Tensor& Tensor::mul_(const Scalar& o) const {
  const InplaceTape tape(*this);
  multiply_by(*this, o);
  if (tape.on())
    tape.record("MulBackward0", *this, saved(), [o](Backward& b) { b.give(0, b.grad().mul(conj(o))); });
  return *this;
}
const Tensor& Tensor::div_(const Tensor& o) const {
  const InplaceTape tape(*this, o);
  const Tensor before = tape.wants(1) ? tape.before() : Tensor();
  divide_by(*this, o);
  if (tape.on()) tape.record("DivBackward0", *this, saved(before, o), gradients_of_quotient);
  return *this;
}
const Tensor& Tensor::div_(const Scalar& o) const {
  const InplaceTape tape(*this);
  divide_by(*this, o);
  if (tape.on())
    tape.record("DivBackward0", *this, saved(), [o](Backward& b) { b.give(0, b.grad().div(conj(o))); });
  return *this;
}

Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha) { return self.add(other, alpha); }
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha) { return self.add(other, alpha); }
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha) { return self.sub(other, alpha); }
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha) { return self.sub(other, alpha); }
Tensor rsub(const Tensor& self, const Tensor& other, const Scalar& alpha) {
  return recorded_sum(other, self, alpha, true);
}
Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha) {
  return recorded_sum(other, self, alpha, true);
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
