// Activations, and losses of a difference, as functions of one number: f(x) is `value`, f'(x) `slope`, f''(x) `bend`.
// (of exp, relu, sigmoid and tanh the derivatives are functions of the result y, and bend is d slope / dy). Without branches, so that loops over them are vector loops. At a kink `slope` is what PyTorch takes. Internal.
#pragma once

#include "ballast/ops/cpu/functions.h"
#include "ballast/ops/cpu/pointwise_kernels.h"

namespace ballast::detail {
namespace {

/// Most functions bend nowhere, or have no parameters.
template <class T, Pointwise kWhich>
struct PointwiseBase {
  static constexpr Pointwise kId = kWhich;
  PointwiseBase() = default;
  explicit PointwiseBase(const PointwiseParameters& /*p*/) {}
  [[nodiscard]] T bend(T /*x*/) const { return 0; }
};

/// scale x, or below zero alpha scale (exp(input_scale x) - 1): ELU, SELU and CELU.
template <class T>
struct Elu : PointwiseBase<T, Pointwise::kElu> {
  T below, above, inner;
  explicit Elu(const PointwiseParameters& p)
      : below(static_cast<T>(p.a * p.b)), above(static_cast<T>(p.b)), inner(static_cast<T>(p.c)) {}
  T value(T x) const {
    const T curve = expm1_of(x * inner) * below;
    return x <= 0 ? curve : x * above;
  }
  T slope(T x) const {
    const T curve = exp_of(x * inner) * (inner * below);
    return x <= 0 ? curve : above;
  }
  T bend(T x) const {
    const T curve = exp_of(x * inner) * (inner * inner * below);
    return x <= 0 ? curve : T{0};
  }
};

/// x P(X < x) for a standard normal X.
template <class T>
struct Gelu : PointwiseBase<T, Pointwise::kGelu> {
  using PointwiseBase<T, Pointwise::kGelu>::PointwiseBase;
  T value(T x) const { return x * normal_of(x).below; }
  T slope(T x) const {
    const Normal<T> normal = normal_of(x);
    return normal.below + x * normal.density;
  }
  T bend(T x) const { return normal_of(x).density * (2 - x * x); }
};

/// The same by way of tanh.
template <class T>
struct GeluTanh : PointwiseBase<T, Pointwise::kGeluTanh> {
  using PointwiseBase<T, Pointwise::kGeluTanh>::PointwiseBase;
  static constexpr T kScale = static_cast<T>(0.79788456080286535588);  // sqrt(2 / pi)
  static constexpr T kCube = static_cast<T>(0.044715);
  static T tanh_at(T x) { return tanh_of(kScale * (x + kCube * x * x * x)); }
  T value(T x) const { return T(0.5) * x * (1 + tanh_at(x)); }
  T slope(T x) const {
    const T t = tanh_at(x);
    const T inner = kScale * (1 + 3 * kCube * x * x);
    return T(0.5) * (1 + t) + T(0.5) * x * (1 - t * t) * inner;
  }
  T bend(T x) const {
    const T t = tanh_at(x);
    const T inner = kScale * (1 + 3 * kCube * x * x);
    const T steepness = 1 - t * t;
    return steepness * inner + x * steepness * (3 * kScale * kCube * x - t * inner * inner);
  }
};

/// x outside [-lambda, lambda], else 0.
template <class T>
struct Hardshrink : PointwiseBase<T, Pointwise::kHardshrink> {
  T lambda;
  explicit Hardshrink(const PointwiseParameters& p) : lambda(static_cast<T>(p.a)) {}
  T value(T x) const { return ((x >= -lambda) & (x <= lambda)) ? T{0} : x; }
  T slope(T x) const { return ((x >= -lambda) & (x <= lambda)) ? T{0} : T{1}; }
};

template <class T>
struct Hardsigmoid : PointwiseBase<T, Pointwise::kHardsigmoid> {
  using PointwiseBase<T, Pointwise::kHardsigmoid>::PointwiseBase;
  T value(T x) const {
    T y = x + 3;
    y = y < 0 ? T{0} : y;
    return (y > 6 ? T{6} : y) / 6;
  }
  T slope(T x) const { return ((x > -3) & (x < 3)) ? T{1} / 6 : T{0}; }
};

template <class T>
struct Hardswish : PointwiseBase<T, Pointwise::kHardswish> {
  using PointwiseBase<T, Pointwise::kHardswish>::PointwiseBase;
  T value(T x) const {
    T y = x + 3;
    y = y < 0 ? T{0} : y;
    return x * (y > 6 ? T{6} : y) / 6;
  }
  T slope(T x) const {
    const T inside = x / 3 + T(0.5);
    return x <= -3 ? T{0} : (x < 3 ? inside : T{1});
  }
  T bend(T x) const { return ((x > -3) & (x < 3)) ? T{1} / 3 : T{0}; }
};

/// x within [min, max].
template <class T>
struct Hardtanh : PointwiseBase<T, Pointwise::kHardtanh> {
  T min, max;
  explicit Hardtanh(const PointwiseParameters& p) : min(static_cast<T>(p.a)), max(static_cast<T>(p.b)) {}
  T value(T x) const {
    const T y = x < min ? min : x;
    return y > max ? max : y;
  }
  T slope(T x) const { return ((x <= min) | (x >= max)) ? T{0} : T{1}; }
};

template <class T>
struct LeakyRelu : PointwiseBase<T, Pointwise::kLeakyRelu> {
  T below;
  explicit LeakyRelu(const PointwiseParameters& p) : below(static_cast<T>(p.a)) {}
  T value(T x) const { return x > 0 ? x : x * below; }
  T slope(T x) const { return x > 0 ? T{1} : below; }
};

template <class T>
struct LogSigmoid : PointwiseBase<T, Pointwise::kLogSigmoid> {
  using PointwiseBase<T, Pointwise::kLogSigmoid>::PointwiseBase;
  T value(T x) const { return -softplus_of(-x); }
  T slope(T x) const { return sigmoid_of(-x); }
  T bend(T x) const {
    const T s = sigmoid_of(x);
    return s * (s - 1);
  }
};

/// x tanh(log(1 + exp(x))).
template <class T>
struct Mish : PointwiseBase<T, Pointwise::kMish> {
  using PointwiseBase<T, Pointwise::kMish>::PointwiseBase;
  T value(T x) const { return x * tanh_of(softplus_of(x)); }
  T slope(T x) const {
    const T t = tanh_of(softplus_of(x));
    return t + x * sigmoid_of(x) * (1 - t * t);
  }
  T bend(T x) const {
    const T t = tanh_of(softplus_of(x));
    const T s = sigmoid_of(x);
    const T of_t = (1 - t * t) * s;
    return 2 * of_t + x * of_t * ((1 - s) - 2 * t * s);
  }
};

template <class T>
struct Silu : PointwiseBase<T, Pointwise::kSilu> {
  using PointwiseBase<T, Pointwise::kSilu>::PointwiseBase;
  T value(T x) const { return x / (1 + exp_of(-x)); }
  T slope(T x) const {
    const T s = sigmoid_of(x);
    return s * (1 + x * (1 - s));
  }
  T bend(T x) const {
    const T s = sigmoid_of(x);
    return s * (1 - s) * (2 + x * (1 - 2 * s));
  }
};

/// log(1 + exp(beta x)) / beta; x where beta x is above the threshold.
template <class T>
struct Softplus : PointwiseBase<T, Pointwise::kSoftplus> {
  T beta, threshold;
  explicit Softplus(const PointwiseParameters& p)
      : beta(static_cast<T>(p.a)), threshold(static_cast<T>(p.b)) {}
  T value(T x) const {
    const T curve = softplus_of(x * beta) / beta;
    return x * beta > threshold ? x : curve;
  }
  T slope(T x) const {
    const T curve = sigmoid_of(x * beta);
    return x * beta > threshold ? T{1} : curve;
  }
  T bend(T x) const {
    const T s = sigmoid_of(x * beta);
    const T curve = beta * s * (1 - s);
    return x * beta > threshold ? T{0} : curve;
  }
};

/// x, lambda nearer to zero, or zero.
template <class T>
struct Softshrink : PointwiseBase<T, Pointwise::kSoftshrink> {
  T lambda;
  explicit Softshrink(const PointwiseParameters& p) : lambda(static_cast<T>(p.a)) {}
  T value(T x) const {
    const T inside = x == x ? T{0} : x;
    return x > lambda ? x - lambda : (x < -lambda ? x + lambda : inside);
  }
  T slope(T x) const { return ((x >= -lambda) & (x <= lambda)) ? T{0} : T{1}; }
};

/// x / (1 + |x|).
template <class T>
struct Softsign : PointwiseBase<T, Pointwise::kSoftsign> {
  using PointwiseBase<T, Pointwise::kSoftsign>::PointwiseBase;
  T value(T x) const { return x / (1 + std::abs(x)); }
  T slope(T x) const {
    const T d = 1 + std::abs(x);
    return 1 / (d * d);
  }
  T bend(T x) const {
    const T d = 1 + std::abs(x);
    return x == 0 ? T{0} : std::copysign(2 / (d * d * d), -x);
  }
};

/// x - tanh(x).
template <class T>
struct Tanhshrink : PointwiseBase<T, Pointwise::kTanhshrink> {
  using PointwiseBase<T, Pointwise::kTanhshrink>::PointwiseBase;
  T value(T x) const { return x - tanh_of(x); }
  T slope(T x) const {
    const T t = tanh_of(x);
    return t * t;
  }
  T bend(T x) const {
    const T t = tanh_of(x);
    return 2 * t * (1 - t * t);
  }
};

/// x above the threshold, else another value.
template <class T>
struct Threshold : PointwiseBase<T, Pointwise::kThreshold> {
  T threshold, other;
  explicit Threshold(const PointwiseParameters& p)
      : threshold(static_cast<T>(p.a)), other(static_cast<T>(p.b)) {}
  T value(T x) const { return x <= threshold ? other : x; }
  T slope(T x) const { return x <= threshold ? T{0} : T{1}; }
};

template <class T>
struct Exp : PointwiseBase<T, Pointwise::kExp> {
  using PointwiseBase<T, Pointwise::kExp>::PointwiseBase;
  T value(T x) const { return exp_of(x); }
  T slope(T y) const { return y; }
  T bend(T /*y*/) const { return 1; }
};

template <class T>
struct Relu : PointwiseBase<T, Pointwise::kRelu> {
  using PointwiseBase<T, Pointwise::kRelu>::PointwiseBase;
  T value(T x) const { return x < 0 ? T{0} : x; }
  T slope(T y) const { return y <= 0 ? T{0} : T{1}; }
};

template <class T>
struct Sigmoid : PointwiseBase<T, Pointwise::kSigmoid> {
  using PointwiseBase<T, Pointwise::kSigmoid>::PointwiseBase;
  T value(T x) const { return sigmoid_of(x); }
  T slope(T y) const { return y * (1 - y); }
  T bend(T y) const { return 1 - 2 * y; }
};

template <class T>
struct Tanh : PointwiseBase<T, Pointwise::kTanh> {
  using PointwiseBase<T, Pointwise::kTanh>::PointwiseBase;
  T value(T x) const { return tanh_of(x); }
  T slope(T y) const { return 1 - y * y; }
  T bend(T y) const { return -2 * y; }
};

template <class T>
struct Square : PointwiseBase<T, Pointwise::kSquare> {
  using PointwiseBase<T, Pointwise::kSquare>::PointwiseBase;
  T value(T x) const { return x * x; }
  T slope(T x) const { return 2 * x; }
  T bend(T /*x*/) const { return 2; }
};

/// x^2 / (2 beta) where |x| < beta, else |x| - beta / 2; beta > 0.
template <class T>
struct SmoothL1 : PointwiseBase<T, Pointwise::kSmoothL1> {
  T beta;
  explicit SmoothL1(const PointwiseParameters& p) : beta(static_cast<T>(p.a)) {}
  T value(T x) const {
    const T z = std::abs(x);
    const T curve = T(0.5) * z * z / beta;
    return z < beta ? curve : z - T(0.5) * beta;
  }
  T slope(T x) const {
    const T curve = x / beta;
    const T line = std::copysign(T{1}, x);
    return std::abs(x) < beta ? curve : line;
  }
  T bend(T x) const { return std::abs(x) < beta ? 1 / beta : T{0}; }
};

/// x^2 / 2 where |x| <= delta, else delta (|x| - delta / 2).
template <class T>
struct Huber : PointwiseBase<T, Pointwise::kHuber> {
  T delta;
  explicit Huber(const PointwiseParameters& p) : delta(static_cast<T>(p.a)) {}
  T value(T x) const {
    const T z = std::abs(x);
    return z <= delta ? T(0.5) * z * z : delta * (z - T(0.5) * delta);
  }
  T slope(T x) const {
    const T y = x < -delta ? -delta : x;
    return y > delta ? delta : y;
  }
  T bend(T x) const { return std::abs(x) < delta ? T{1} : T{0}; }
};

// ------------------------------------------------------------------------------- losses of an input and a target

/// -(y log(x) + (1 - y) log(1 - x)), each logarithm at least -100.
struct BinaryCrossEntropy {
  template <class T>
  static T limited(T logarithm) {
    return logarithm < -100 ? T(-100) : logarithm;
  }
  template <class T>
  static T log_of_rest(T x) {  // log(1 - x)
    const T near = twice_artanh(-x / (2 - x));
    const T far = log_of(1 - x);
    return x < T(0.25) ? near : far;
  }
  template <class T>
  static T value(T x, T y, T /*p*/) {
    return (y - 1) * limited(log_of_rest(x)) - y * limited(log_of(x));
  }
  template <class T>
  static T slope(T x, T y, T /*p*/) {
    constexpr T kLeast = kLeastSpread;
    const T spread = (1 - x) * x;
    return (x - y) / (spread < kLeast ? kLeast : spread);
  }
};

/// The same of sigmoid(x): x - x y + (1 + (p - 1) y) log(1 + exp(-x)).
struct BinaryCrossEntropyOfLogits {
  template <class T>
  static T value(T x, T y, T p) {
    return (1 - y) * x + (1 + (p - 1) * y) * softplus_of(-x);
  }
  template <class T>
  static T slope(T x, T y, T p) {
    return (1 - y) - (1 + (p - 1) * y) * sigmoid_of(-x);
  }
};

/// log(1 + exp(-y x)).
struct SoftMargin {
  template <class T>
  static T value(T x, T y, T /*p*/) {
    return softplus_of(-y * x);
  }
  template <class T>
  static T slope(T x, T y, T /*p*/) {
    return -y * sigmoid_of(-y * x);
  }
};

}  // namespace
}  // namespace ballast::detail
