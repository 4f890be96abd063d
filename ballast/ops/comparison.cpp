#include "ballast/ops/comparison.h"

#include <cmath>
#include <functional>

#include "ballast/autograd/tape.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

constexpr DTypeSet kOrdered = kBools | kIntegers | kReals;

template <class Relation, DTypeSet Types>
struct Compare {
  static constexpr DTypeSet kTypes = Types;
  template <class T>
  bool operator()(T a, T b) const {
    return Relation{}(a, b);
  }
};
struct Equal : Compare<std::equal_to<>, kEveryType> {
  static constexpr const char* kName = "eq_cpu";
};
struct NotEqual : Compare<std::not_equal_to<>, kEveryType> {
  static constexpr const char* kName = "ne_cpu";
};
struct Less : Compare<std::less<>, kOrdered> {
  static constexpr const char* kName = "lt_cpu";
};
struct LessEqual : Compare<std::less_equal<>, kOrdered> {
  static constexpr const char* kName = "le_cpu";
};
struct Greater : Compare<std::greater<>, kOrdered> {
  static constexpr const char* kName = "gt_cpu";
};
struct GreaterEqual : Compare<std::greater_equal<>, kOrdered> {
  static constexpr const char* kName = "ge_cpu";
};

// Of two equal values, +0 and -0, it depends on the place in the row which one is taken.
struct Maximum {
  static constexpr const char* kName = "maximum_cpu";
  static constexpr DTypeSet kTypes = kOrdered;
  template <class T>
  T operator()(T a, T b) const {
    return a != a || !(b > a || b != b) ? a : b;
  }
  template <std::floating_point T>
  T in_block(T a, T b) const {
    return a != a || a > b ? a : b;
  }
};
struct Minimum {
  static constexpr const char* kName = "minimum_cpu";
  static constexpr DTypeSet kTypes = kOrdered;
  template <class T>
  T operator()(T a, T b) const {
    return a != a || !(b < a || b != b) ? a : b;
  }
  template <std::floating_point T>
  T in_block(T a, T b) const {
    return a != a || a < b ? a : b;
  }
};

template <class Op>
Tensor compare(const Operand& a, const Operand& b) {
  return binary(a, b, broadcast_type(a, b), Op{}, kBool);
}

template <class Op>
Tensor extreme(const Tensor& a, const Tensor& b, const char* name) {
  check<NotImplementedError>(!a.is_complex() && !b.is_complex(), "{} not implemented for complex tensors.",
                             name);
  return binary(a, b, broadcast_type(a, b), Op{});
}

bool every(const Tensor& truths) { return truths.all().item<bool>(); }

void check_has_values(const Tensor& a, const Tensor& b, const char* name) {
  check<DeviceError>(!a.is_meta() && !b.is_meta(), "{}: meta tensors have no values to compare", name);
}

}  // namespace

Tensor Tensor::eq(const Tensor& o) const { return compare<Equal>(*this, o); }
Tensor Tensor::eq(const Scalar& o) const { return compare<Equal>(*this, o); }
Tensor Tensor::ne(const Tensor& o) const { return compare<NotEqual>(*this, o); }
Tensor Tensor::ne(const Scalar& o) const { return compare<NotEqual>(*this, o); }
Tensor Tensor::lt(const Tensor& o) const { return compare<Less>(*this, o); }
Tensor Tensor::lt(const Scalar& o) const { return compare<Less>(*this, o); }
Tensor Tensor::le(const Tensor& o) const { return compare<LessEqual>(*this, o); }
Tensor Tensor::le(const Scalar& o) const { return compare<LessEqual>(*this, o); }
Tensor Tensor::gt(const Tensor& o) const { return compare<Greater>(*this, o); }
Tensor Tensor::gt(const Scalar& o) const { return compare<Greater>(*this, o); }
Tensor Tensor::ge(const Tensor& o) const { return compare<GreaterEqual>(*this, o); }
Tensor Tensor::ge(const Scalar& o) const { return compare<GreaterEqual>(*this, o); }

bool Tensor::equal(const Tensor& o) const {
  check_has_values(*this, o, "equal");
  return sizes() == o.sizes() && every(eq(o));
}

Tensor isclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  check<DTypeError>(self.dtype() == other.dtype(), "{} did not match {}", dtype_error_name(self.dtype()),
                    dtype_error_name(other.dtype()));
  check<ValueError>(rtol >= 0, "rtol must be greater than or equal to zero, but got {}", rtol);
  check<ValueError>(atol >= 0, "atol must be greater than or equal to zero, but got {}", atol);
  Tensor close = self == other;
  if (equal_nan && (self.is_floating_point() || self.is_complex()))
    close.copy_(close | (isnan(self) & isnan(other)));
  if (rtol == 0 && atol == 0) return close;
  const bool exact = is_integral(self.dtype(), true);
  const Tensor wide = exact ? other.to(get_default_dtype()) : other;
  const Tensor allowed = abs(wide * rtol).add(atol);
  const Tensor difference = abs((self.dtype() == kBool ? self.to(get_default_dtype()) : self) - wide);
  return close.copy_(close | (isfinite(difference) & (difference <= allowed)));
}

bool Tensor::allclose(const Tensor& o, double rtol, double atol, bool equal_nan) const {
  check_has_values(*this, o, "allclose");
  return every(isclose(*this, o, rtol, atol, equal_nan));
}

Tensor eq(const Tensor& self, const Tensor& other) { return self.eq(other); }
Tensor eq(const Tensor& self, const Scalar& other) { return self.eq(other); }
Tensor ne(const Tensor& self, const Tensor& other) { return self.ne(other); }
Tensor ne(const Tensor& self, const Scalar& other) { return self.ne(other); }
Tensor lt(const Tensor& self, const Tensor& other) { return self.lt(other); }
Tensor lt(const Tensor& self, const Scalar& other) { return self.lt(other); }
Tensor le(const Tensor& self, const Tensor& other) { return self.le(other); }
Tensor le(const Tensor& self, const Scalar& other) { return self.le(other); }
Tensor gt(const Tensor& self, const Tensor& other) { return self.gt(other); }
Tensor gt(const Tensor& self, const Scalar& other) { return self.gt(other); }
Tensor ge(const Tensor& self, const Tensor& other) { return self.ge(other); }
Tensor ge(const Tensor& self, const Scalar& other) { return self.ge(other); }
bool equal(const Tensor& self, const Tensor& other) { return self.equal(other); }
bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  return self.allclose(other, rtol, atol, equal_nan);
}

namespace {

/// The gradient goes to the extreme of the two; equal ones share it.
template <class Op>
Tensor recorded_extreme(const Tensor& self, const Tensor& other, const char* function, const char* node) {
  const Tape tape(self, other);
  Tensor out = extreme<Op>(self, other, function);
  if (tape.on()) {
    tape.record(node, out, saved(self, other), [](Backward& b) {
      constexpr bool kMaximum = std::is_same_v<Op, Maximum>;
      const Tensor &x = b.saved(0), &y = b.saved(1);
      const Tensor shared = where(x.eq(y), b.grad().div(2), b.grad());
      if (b.wants(0)) b.give(0, shared.masked_fill(kMaximum ? x.lt(y) : x.gt(y), 0));
      if (b.wants(1)) b.give(1, shared.masked_fill(kMaximum ? x.gt(y) : x.lt(y), 0));
    });
  }
  return out;
}

}  // namespace

Tensor maximum(const Tensor& self, const Tensor& other) {
  return recorded_extreme<Maximum>(self, other, "maximum", "MaximumBackward0");
}
Tensor minimum(const Tensor& self, const Tensor& other) {
  return recorded_extreme<Minimum>(self, other, "minimum", "MinimumBackward0");
}

}  // namespace ballast
