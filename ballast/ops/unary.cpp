#include "ballast/ops/unary.h"

#include <cmath>
#include <numbers>

#include "ballast/ops/complex_arithmetic.h"
#include "ballast/ops/elementwise.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/integer_arithmetic.h"

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

template <class F>
Tensor real_function(const Tensor& t) {
  return unary(t, real_result_type(t.dtype()), Real<F>{});
}
template <class F>
Tensor whole_function(const Tensor& t, const char* name) {
  check<DTypeError>(!t.is_complex(), "{} is not supported for complex inputs", name);
  return unary(t, t.dtype(), Whole<F>{});
}
void check_negatable(const Tensor& t) {
  check<DTypeError>(t.dtype() != kBool,
                    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
                    "invert a mask, use "
                    "the `~` or `logical_not()` operator instead.");
}

}  // namespace

Tensor Tensor::abs() const {
  if (!is_complex()) return unary(*this, dtype(), Abs{});
  Tensor out = empty_like(*this, to_real_dtype(dtype()));
  detail::unary_into(out, *this, dtype(), Abs{});
  return out;
}
Tensor Tensor::neg() const {
  check_negatable(*this);
  return unary(*this, dtype(), Negate{});
}
Tensor Tensor::sign() const {
  check<DTypeError>(
      !is_complex(),
      "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead.");
  return unary(*this, dtype(), Sign{});
}
Tensor Tensor::square() const { return pow(2); }
Tensor Tensor::relu() const {
  check<DTypeError>(dtype() != kBool, "Boolean inputs not supported for relu");
  check<NotImplementedError>(!is_complex(), "clamp is not supported for complex types");
  return unary(*this, dtype(), Relu{});
}

Tensor Tensor::exp() const { return real_function<Exp>(*this); }
Tensor Tensor::log() const { return real_function<Log>(*this); }
Tensor Tensor::log1p() const { return real_function<Log1p>(*this); }
Tensor Tensor::sqrt() const { return real_function<Sqrt>(*this); }
Tensor Tensor::erf() const { return real_function<Erf>(*this); }
Tensor Tensor::sin() const { return real_function<Sin>(*this); }
Tensor Tensor::cos() const { return real_function<Cos>(*this); }
Tensor Tensor::tanh() const { return real_function<Tanh>(*this); }
Tensor Tensor::sigmoid() const {
  if (is_float8(dtype()) && !is_meta()) throw_not_implemented("sigmoid_cpu_reduced_float", dtype());
  return real_function<Sigmoid>(*this);
}

Tensor Tensor::round() const {
  check<NotImplementedError>(!is_complex(), "\"round_vml_cpu\" not implemented for '{}'",
                             dtype_error_name(dtype()));
  return whole_function<Round>(*this, "round");
}
Tensor Tensor::floor() const { return whole_function<Floor>(*this, "floor"); }
Tensor Tensor::ceil() const { return whole_function<Ceil>(*this, "ceil"); }

const Tensor& Tensor::abs_() const {
  check<DTypeError>(!is_complex(), "In-place abs is not supported for complex tensors.");
  return unary_inplace(*this, dtype(), Abs{});
}
const Tensor& Tensor::neg_() const {
  check_negatable(*this);
  return unary_inplace(*this, dtype(), Negate{});
}
const Tensor& Tensor::sqrt_() const { return unary_inplace(*this, real_result_type(dtype()), Real<Sqrt>{}); }
const Tensor& Tensor::erfinv_() const {
  return unary_inplace(*this, real_result_type(dtype()), Real<Erfinv>{});
}

Tensor abs(const Tensor& self) { return self.abs(); }
Tensor neg(const Tensor& self) { return self.neg(); }
Tensor sign(const Tensor& self) { return self.sign(); }
Tensor square(const Tensor& self) { return self.square(); }
Tensor reciprocal(const Tensor& self) { return real_function<Reciprocal>(self); }
Tensor relu(const Tensor& self) { return self.relu(); }
Tensor exp(const Tensor& self) { return self.exp(); }
Tensor log(const Tensor& self) { return self.log(); }
Tensor log1p(const Tensor& self) { return self.log1p(); }
Tensor sqrt(const Tensor& self) { return self.sqrt(); }
Tensor rsqrt(const Tensor& self) { return real_function<Rsqrt>(self); }
Tensor erf(const Tensor& self) { return self.erf(); }
Tensor erfinv(const Tensor& self) { return real_function<Erfinv>(self); }
Tensor sin(const Tensor& self) { return self.sin(); }
Tensor cos(const Tensor& self) { return self.cos(); }
Tensor tanh(const Tensor& self) { return self.tanh(); }
Tensor sigmoid(const Tensor& self) { return self.sigmoid(); }
Tensor round(const Tensor& self) { return self.round(); }
Tensor floor(const Tensor& self) { return self.floor(); }
Tensor ceil(const Tensor& self) { return self.ceil(); }
Tensor trunc(const Tensor& self) { return whole_function<Trunc>(self, "trunc"); }

}  // namespace ballast
