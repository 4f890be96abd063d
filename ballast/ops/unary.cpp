#include "ballast/ops/unary.h"

#include <cmath>
#include <numbers>

#include "ballast/autograd/tape.h"
#include "ballast/ops/complex_arithmetic.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/integer_arithmetic.h"
#include "ballast/ops/pointwise.h"
#include "ballast/ops/real_loops.h"

namespace ballast {
namespace {

struct Abs {
  static constexpr const char* kName = "abs_cpu";
  static constexpr DTypeSet kTypes =
      kIntegers | kReals | kComplexes | kHalfComplex | (kFloat8s & ~set_of(kFloat8_e8m0fnu));
  template <class T>
  auto operator()(T x) const {
    if constexpr (std::is_unsigned_v<T>) {
      return x;
    } else if constexpr (std::is_integral_v<T>) {
      return x < 0 ? wrapping_neg(x) : x;
    } else {
      return std::abs(x);
    }
  }
};

struct Negate {
  static constexpr const char* kName = "neg_cpu";
  static constexpr DTypeSet kTypes = kIntegers | kReals | kComplexes | kHalfComplex;
  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return wrapping_neg(x);
    } else {
      return -x;
    }
  }
};

struct Sign {
  static constexpr const char* kName = "sign_cpu";
  static constexpr DTypeSet kTypes = kBools | kIntegers | kReals;
  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_same_v<T, bool>) {
      return x;
    } else {
      return static_cast<T>((x > T{0} ? 1 : 0) - (x < T{0} ? 1 : 0));
    }
  }
};

struct Relu {
  static constexpr const char* kName = "clamp_min_scalar_cpu";
  static constexpr DTypeSet kTypes = kIntegers | kReals;
  template <class T>
  T operator()(T x) const {
    return x < T{0} ? T{0} : x;
  }
};

template <class T>
T one_over(T x) {
  if constexpr (detail::is_complex_element<T>) {
    return complex_quotient(T(1), x);
  } else {
    return 1 / x;
  }
}

template <class F>
struct Real {
  static constexpr const char* kName = F::kName;
  static constexpr DTypeSet kTypes = kReals | (F::kComplex ? kComplexes : 0);
  template <class T>
  T operator()(T x) const {
    return static_cast<T>(F::of(x));
  }
};

struct Exp {
  static constexpr const char* kName = "exp_vml_cpu";
  static constexpr bool kComplex = true;
  static auto of(auto x) { return std::exp(x); }
};
struct Log {
  static constexpr const char* kName = "log_vml_cpu";
  static constexpr bool kComplex = true;
  static auto of(auto x) { return std::log(x); }
};
struct Log1p {
  static constexpr const char* kName = "log1p_vml_cpu";
  static constexpr bool kComplex = true;
  template <class T>
  static T of(T x) {
    if constexpr (detail::is_complex_element<T>) {
      // |1 + x| is near 1 where x is small: its logarithm then comes from x itself.
      const auto a = x.real();
      const auto b = x.imag();
      const auto angle = std::atan2(b, a + 1);
      if (std::abs(x) >= 0.5) return {std::log(std::hypot(a + 1, b)), angle};
      const auto excess = a * (2 + a) + b * b;
      return {excess == 0 ? a : std::log1p(excess) / 2, angle};
    } else {
      return std::log1p(x);
    }
  }
};
struct Sqrt {
  static constexpr const char* kName = "sqrt_vml_cpu";
  static constexpr bool kComplex = true;
  static auto of(auto x) { return std::sqrt(x); }
};
struct Rsqrt {
  static constexpr const char* kName = "rsqrt_cpu";
  static constexpr bool kComplex = true;
  template <class T>
  static T of(T x) {
    return one_over(std::sqrt(x));
  }
};
struct Reciprocal {
  static constexpr const char* kName = "reciprocal_cpu";
  static constexpr bool kComplex = true;
  template <class T>
  static T of(T x) {
    return one_over(x);
  }
};
struct Erf {
  static constexpr const char* kName = "erf_vml_cpu";
  static constexpr bool kComplex = false;
  static auto of(auto x) { return std::erf(x); }
};
struct Sin {
  static constexpr const char* kName = "sin_vml_cpu";
  static constexpr bool kComplex = true;
  static auto of(auto x) { return std::sin(x); }
};
struct Cos {
  static constexpr const char* kName = "cos_vml_cpu";
  static constexpr bool kComplex = true;
  static auto of(auto x) { return std::cos(x); }
};
struct Tanh {
  static constexpr const char* kName = "tanh_vml_cpu";
  static constexpr bool kComplex = true;
  static auto of(auto x) { return std::tanh(x); }
};
struct Sigmoid {
  static constexpr const char* kName = "sigmoid_cpu";
  static constexpr bool kComplex = true;
  template <class T>
  static T of(T x) {
    return one_over(T(1) + std::exp(-x));
  }
};

/// A rational approximation of 9 digits, then two steps of Newton's method on erf(x) - y; in double for every type.
struct Erfinv {
  static constexpr const char* kName = "erfinv_vml_cpu";
  static constexpr bool kComplex = false;
  static double of(double y) {
    const double magnitude = std::abs(y);
    if (!(magnitude <= 1)) return std::numeric_limits<double>::quiet_NaN();
    if (magnitude == 1) return std::copysign(std::numeric_limits<double>::infinity(), y);
    double x = 0;
    if (magnitude <= 0.7) {
      const double z = y * y;
      const double above = ((-0.140543331 * z + 0.914624893) * z - 1.645349621) * z + 0.886226899;
      const double below = (((0.012229801 * z - 0.329097515) * z + 1.442710462) * z - 2.118377725) * z + 1;
      x = y * above / below;
    } else {
      const double z = std::sqrt(-std::log((1 - magnitude) / 2));
      const double above = ((1.641345311 * z + 3.429567803) * z - 1.624906493) * z - 1.970840454;
      const double below = (1.637067800 * z + 3.543889200) * z + 1;
      x = std::copysign(above / below, y);
    }
    for (int step = 0; step < 2; ++step) {
      x -= (std::erf(x) - y) / (2 * std::numbers::inv_sqrtpi * std::exp(-x * x));
    }
    return x;
  }
};

/// Whole-number functions: integers are whole already.
template <class F>
struct Whole {
  static constexpr const char* kName = F::kName;
  static constexpr DTypeSet kTypes = kIntegers | kWideUnsigned | kReals;
  template <class T>
  T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      return F::of(x);
    }
  }
};
struct Round {
  static constexpr const char* kName = "round_vml_cpu";
  static auto of(auto x) { return std::nearbyint(x); }
};
struct Floor {
  static constexpr const char* kName = "floor_vml_cpu";
  static auto of(auto x) { return std::floor(x); }
};
struct Ceil {
  static constexpr const char* kName = "ceil_vml_cpu";
  static auto of(auto x) { return std::ceil(x); }
};
struct Trunc {
  static constexpr const char* kName = "trunc_vml_cpu";
  static auto of(auto x) { return std::trunc(x); }
};

struct Conjugate {
  static constexpr const char* kName = "conj_cpu";
  static constexpr DTypeSet kTypes = kComplexes | kHalfComplex;
  template <class T>
  T operator()(T x) const {
    return std::conj(x);
  }
};

/// The left operand where the right one is above a threshold, else 0.
struct PassesAbove {
  static constexpr const char* kName = "threshold_backward_cpu";
  static constexpr DTypeSet kTypes = kIntegers | kReals;
  double threshold;

  template <class T>
  T operator()(T grad, T x) const {
    return x <= static_cast<T>(threshold) ? T(0) : grad;
  }
};

template <class F>
Tensor real_function(const Tensor& t) {
  return unary(t, real_result_type(t.dtype()), Real<F>{});
}
// exp, relu, tanh and sigmoid of real numbers have loops of their own.
constexpr detail::PointwiseOp kExpOp{.f = detail::Pointwise::kExp,
                                     .kernel = Exp::kName,
                                     .name = "ExpBackward0",
                                     .gradient_name = "ExpBackwardBackward0",
                                     .of_result = true,
                                     .third = 0};
constexpr detail::PointwiseOp kTanhOp{.f = detail::Pointwise::kTanh,
                                      .kernel = Tanh::kName,
                                      .name = "TanhBackward0",
                                      .gradient_name = "TanhBackwardBackward0",
                                      .of_result = true,
                                      .third = -2};
constexpr detail::PointwiseOp kSigmoidOp{.f = detail::Pointwise::kSigmoid,
                                         .kernel = Sigmoid::kName,
                                         .name = "SigmoidBackward0",
                                         .gradient_name = "SigmoidBackwardBackward0",
                                         .of_result = true,
                                         .third = -2};
constexpr detail::PointwiseOp kReluOp{.f = detail::Pointwise::kRelu,
                                      .kernel = Relu::kName,
                                      .name = "ReluBackward0",
                                      .gradient_name = "ThresholdBackwardBackward0",
                                      .bends = false,
                                      .of_result = true};
bool has_fast_loops(const Tensor& t) { return detail::has_real_loops(t.dtype()); }
template <class F, const detail::PointwiseOp& op>
Tensor fast_function(const Tensor& t) {
  return has_fast_loops(t) ? detail::pointwise_values(op, t) : real_function<F>(t);
}

template <class F>
Tensor whole_function(const Tensor& t, const char* name) {
  check<DTypeError>(!t.is_complex(), "{} is not supported for complex inputs", name);
  return unary(t, t.dtype(), Whole<F>{});
}
void check_negatable(const Tensor& t) {
  check<DTypeError>(t.dtype() != kBool,
                    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
                    "invert a mask, use the `~` or `logical_not()` operator instead.");
}

Tensor abs_values(const Tensor& x) {
  if (!x.is_complex()) return unary(x, x.dtype(), Abs{});
  Tensor out = empty_like(x, to_real_dtype(x.dtype()));
  detail::unary_into(out, x, x.dtype(), Abs{});
  return out;
}
Tensor neg_values(const Tensor& x) { return unary(x, x.dtype(), Negate{}); }
Tensor sign_values(const Tensor& x) { return unary(x, x.dtype(), Sign{}); }
Tensor relu_values(const Tensor& x) { return unary(x, x.dtype(), Relu{}); }

/// of(x), recorded; its gradient is backward(gradient of the result, x).
template <class F>
Tensor from_argument(const char* name, const Tensor& x, Tensor (*of)(const Tensor&), F backward) {
  const Tape tape(x);
  Tensor out = of(x);
  if (tape.on()) {
    tape.record(name, out, saved(x), [backward](Backward& b) { b.give(0, backward(b.grad(), b.saved(0))); });
  }
  return out;
}

/// The same where the gradient is computed from the result.
template <class F>
Tensor from_result(const char* name, const Tensor& x, Tensor (*of)(const Tensor&), F backward) {
  const Tape tape(x);
  Tensor out = of(x);
  if (tape.on()) {
    tape.record(name, out, saved(out),
                [backward](Backward& b) { b.give(0, backward(b.grad(), b.saved(0))); });
  }
  return out;
}

/// The same for a function that is constant almost everywhere.
Tensor in_steps(const char* name, const Tensor& x, Tensor (*of)(const Tensor&)) {
  const Tape tape(x);
  Tensor out = of(x);
  if (tape.on()) tape.record(name, out, saved(), [](Backward& b) { b.give(0, zeros_like(b.grad())); });
  return out;
}

constexpr double kTwoOverRootPi = 1.12837916709551257390;
constexpr double kRootPiOverTwo = 0.88622692545275801365;

Tensor times_sign(const Tensor& grad, const Tensor& x) { return grad.mul(x.sign()); }
Tensor gradient_of_sqrt(const Tensor& grad, const Tensor& root) { return grad.div(root.mul(2)); }
Tensor gradient_of_erfinv(const Tensor& grad, const Tensor& y) {
  return grad.mul(y.pow(2).exp().mul(kRootPiOverTwo));
}

}  // namespace

Tensor Tensor::abs() const { return from_argument("AbsBackward0", *this, abs_values, times_sign); }
Tensor Tensor::neg() const {
  check_negatable(*this);
  return from_argument("NegBackward0", *this, neg_values,
                       [](const Tensor& grad, const Tensor&) { return grad.neg(); });
}
Tensor Tensor::sign() const {
  check<DTypeError>(
      !is_complex(),
      "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead.");
  return in_steps("SignBackward0", *this, sign_values);
}
Tensor Tensor::square() const { return pow(2); }
Tensor Tensor::relu() const {
  check<DTypeError>(dtype() != kBool, "Boolean inputs not supported for relu");
  check<NotImplementedError>(!is_complex(), "clamp is not supported for complex types");
  if (has_fast_loops(*this)) return detail::pointwise(kReluOp, *this);
  return from_result("ReluBackward0", *this, relu_values, [](const Tensor& grad, const Tensor& result) {
    return threshold_backward(grad, result, 0);
  });
}

Tensor threshold_backward(const Tensor& grad, const Tensor& x, const Scalar& threshold) {
  const Tape tape(grad);
  Tensor out = binary(grad, x, broadcast_type(grad, x), PassesAbove{threshold.toDouble()});
  if (tape.on()) {
    tape.record("ThresholdBackwardBackward0", out, saved(x),
                [threshold](Backward& b) { b.give(0, threshold_backward(b.grad(), b.saved(0), threshold)); });
  }
  return out;
}

Tensor Tensor::exp() const {
  return from_result("ExpBackward0", *this, fast_function<Exp, kExpOp>,
                     [](const Tensor& grad, const Tensor& y) { return grad.mul(y); });
}
Tensor Tensor::log() const {
  return from_argument("LogBackward0", *this, real_function<Log>,
                       [](const Tensor& grad, const Tensor& x) { return grad.div(x); });
}
Tensor Tensor::log1p() const {
  return from_argument("Log1PBackward0", *this, real_function<Log1p>,
                       [](const Tensor& grad, const Tensor& x) { return grad.div(x.add(1)); });
}
Tensor Tensor::sqrt() const {
  return from_result("SqrtBackward0", *this, real_function<Sqrt>, gradient_of_sqrt);
}
Tensor Tensor::erf() const {
  return from_argument("ErfBackward0", *this, real_function<Erf>, [](const Tensor& grad, const Tensor& x) {
    return grad.mul(x.pow(2).neg().exp().mul(kTwoOverRootPi));
  });
}
Tensor Tensor::sin() const {
  return from_argument("SinBackward0", *this, real_function<Sin>,
                       [](const Tensor& grad, const Tensor& x) { return grad.mul(x.cos()); });
}
Tensor Tensor::cos() const {
  return from_argument("CosBackward0", *this, real_function<Cos>,
                       [](const Tensor& grad, const Tensor& x) { return grad.mul(x.sin().neg()); });
}
Tensor Tensor::tanh() const {
  if (has_fast_loops(*this)) return detail::pointwise(kTanhOp, *this);
  return from_result("TanhBackward0", *this, real_function<Tanh>,
                     [](const Tensor& grad, const Tensor& y) { return grad.mul(y.mul(y).neg().add(1)); });
}
Tensor Tensor::sigmoid() const {
  if (is_float8(dtype()) && !is_meta()) throw_not_implemented("sigmoid_cpu_reduced_float", dtype());
  if (has_fast_loops(*this)) return detail::pointwise(kSigmoidOp, *this);
  return from_result("SigmoidBackward0", *this, real_function<Sigmoid>,
                     [](const Tensor& grad, const Tensor& y) { return grad.mul(y.mul(y.neg().add(1))); });
}

Tensor Tensor::round() const {
  check<NotImplementedError>(!is_complex(), "\"round_vml_cpu\" not implemented for '{}'",
                             dtype_error_name(dtype()));
  return in_steps("RoundBackward0", *this, [](const Tensor& x) { return whole_function<Round>(x, "round"); });
}
Tensor Tensor::floor() const {
  return in_steps("FloorBackward0", *this, [](const Tensor& x) { return whole_function<Floor>(x, "floor"); });
}
Tensor Tensor::ceil() const {
  return in_steps("CeilBackward0", *this, [](const Tensor& x) { return whole_function<Ceil>(x, "ceil"); });
}

const Tensor& Tensor::abs_() const {
  check<DTypeError>(!is_complex(), "In-place abs is not supported for complex tensors.");
  InplaceTape tape(*this);
  const Tensor before = tape.on() ? tape.before() : Tensor();
  unary_inplace(*this, dtype(), Abs{});
  if (tape.on()) {
    tape.record("AbsBackward0", *this, saved(before),
                [](Backward& b) { b.give(0, times_sign(b.grad(), b.saved(0))); });
  }
  return *this;
}
const Tensor& Tensor::neg_() const {
  check_negatable(*this);
  InplaceTape tape(*this);
  unary_inplace(*this, dtype(), Negate{});
  if (tape.on()) tape.record("NegBackward0", *this, saved(), [](Backward& b) { b.give(0, b.grad().neg()); });
  return *this;
}
const Tensor& Tensor::sqrt_() const {
  InplaceTape tape(*this);
  unary_inplace(*this, real_result_type(dtype()), Real<Sqrt>{});
  if (tape.on()) {
    tape.record("SqrtBackward0", *this, saved(*this),
                [](Backward& b) { b.give(0, gradient_of_sqrt(b.grad(), b.saved(0))); });
  }
  return *this;
}
const Tensor& Tensor::erfinv_() const {
  InplaceTape tape(*this);
  unary_inplace(*this, real_result_type(dtype()), Real<Erfinv>{});
  if (tape.on()) {
    tape.record("ErfinvBackward0", *this, saved(*this),
                [](Backward& b) { b.give(0, gradient_of_erfinv(b.grad(), b.saved(0))); });
  }
  return *this;
}

Tensor abs(const Tensor& self) { return self.abs(); }
Tensor neg(const Tensor& self) { return self.neg(); }
Tensor sign(const Tensor& self) { return self.sign(); }
Tensor conj(const Tensor& self) {
  if (!self.is_complex()) return self;
  return from_argument(
      "ConjBackward0", self, [](const Tensor& x) { return unary(x, x.dtype(), Conjugate{}); },
      [](const Tensor& grad, const Tensor&) { return conj(grad); });
}
Tensor square(const Tensor& self) { return self.square(); }
Tensor reciprocal(const Tensor& self) {
  return from_result("ReciprocalBackward0", self, real_function<Reciprocal>,
                     [](const Tensor& grad, const Tensor& y) { return grad.mul(y.mul(y)).neg(); });
}
Tensor relu(const Tensor& self) { return self.relu(); }
Tensor exp(const Tensor& self) { return self.exp(); }
Tensor log(const Tensor& self) { return self.log(); }
Tensor log1p(const Tensor& self) { return self.log1p(); }
Tensor sqrt(const Tensor& self) { return self.sqrt(); }
Tensor rsqrt(const Tensor& self) {
  return from_result("RsqrtBackward0", self, real_function<Rsqrt>,
                     [](const Tensor& grad, const Tensor& y) { return grad.mul(y.pow(3)).mul(-0.5); });
}
Tensor erf(const Tensor& self) { return self.erf(); }
Tensor erfinv(const Tensor& self) {
  return from_result("ErfinvBackward0", self, real_function<Erfinv>, gradient_of_erfinv);
}
Tensor sin(const Tensor& self) { return self.sin(); }
Tensor cos(const Tensor& self) { return self.cos(); }
Tensor tanh(const Tensor& self) { return self.tanh(); }
Tensor sigmoid(const Tensor& self) { return self.sigmoid(); }
Tensor round(const Tensor& self) { return self.round(); }
Tensor floor(const Tensor& self) { return self.floor(); }
Tensor ceil(const Tensor& self) { return self.ceil(); }
Tensor trunc(const Tensor& self) {
  return in_steps("TruncBackward0", self, [](const Tensor& x) { return whole_function<Trunc>(x, "trunc"); });
}

}  // namespace ballast
