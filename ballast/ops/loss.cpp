#include "ballast/ops/loss.h"

#include <algorithm>
#include <array>

#include "ballast/autograd/tape.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/cpu/functions.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/pointwise.h"
#include "ballast/ops/promotion.h"
#include "ballast/ops/real_loops.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

using detail::elements;
using detail::has_real_loops;
using detail::with_real;

Tensor reduced(const Tensor& losses, Reduction reduction) {
  return reduction == Reduction::kEach    ? losses
         : reduction == Reduction::kTotal ? losses.sum()
                                          : losses.mean();
}

/// What the loss of one element counts for in the result.
double share(Reduction reduction, std::int64_t n) {
  return reduction == Reduction::kAverage ? 1 / static_cast<double>(n) : 1;
}

/// The gradient of each element's loss, from that of the result.
Tensor element_gradients(const Tensor& grad, Reduction reduction, IntArrayRef sizes, std::int64_t n) {
  return (reduction == Reduction::kAverage ? grad.div(n) : grad).expand(sizes);
}

// --------------------------------------------------------------------------------------- functions of x - y

Tensor difference_loss(const detail::PointwiseOp& op, const Tensor& x, const Tensor& y, Reduction reduction) {
  const DType type = result_type(x, y);
  check_kernel<kReals>(type, op.kernel);
  if (!has_real_loops(type)) {
    return difference_loss(op, x.to(kFloat32), y.to(kFloat32), reduction).to(type);
  }
  const Tape tape(x, y);
  const bool same = x.sizes() == y.sizes();
  const Dims sizes = same ? Dims(x.sizes()) : broadcast_shapes(x.sizes(), y.sizes());
  const auto ready = [&sizes, type](const Tensor& t) { return t.to(type).expand(sizes); };
  const Tensor a = same && x.dtype() == type ? x : ready(x);
  const Tensor b = same && y.dtype() == type ? y : ready(y);
  Tensor out;
  if (reduction == Reduction::kEach) {
    out = detail::pointwise_values(op, a.sub(b));
  } else {
    out = detail::pointwise_sum_of_differences(op, a, b, share(reduction, a.numel()));
  }
  if (tape.on()) {
    tape.record(op.name, out, saved(x, y), [op, reduction, sizes, type](Backward& back) {
      const auto as_used = [&](const Tensor& t) {
        return t.sizes() == sizes.ref() && t.dtype() == type ? t : t.to(type).expand(sizes);
      };
      const Tensor at = as_used(back.saved(0));
      const Tensor from = as_used(back.saved(1));
      Tensor gradient;
      if (reduction == Reduction::kEach || GradMode::is_enabled() || at.is_meta()) {
        const Tensor grad = element_gradients(back.grad(), reduction, sizes, at.numel());
        gradient = detail::pointwise_gradient(op, grad, at.sub(from));
      } else {
        const double scale = back.grad().item<double>() * share(reduction, at.numel());
        gradient = detail::pointwise_slopes_of_differences(op, scale, at, from);
      }
      if (back.wants(1)) back.give(1, gradient.neg());
      if (back.wants(0)) back.give(0, std::move(gradient));
    });
  }
  return out;
}

}  // namespace

Tensor l1_loss(const Tensor& self, const Tensor& target, Reduction reduction) {
  return reduced(self.sub(target).abs(), reduction);
}

Tensor mse_loss(const Tensor& self, const Tensor& target, Reduction reduction) {
  constexpr detail::PointwiseOp kSquare{.f = detail::Pointwise::kSquare,
                                        .kernel = "mse_cpu",
                                        .name = "MseLossBackward0",
                                        .gradient_name = "MseLossBackwardBackward0",
                                        .third = 0};
  return difference_loss(kSquare, self, target, reduction);
}

Tensor smooth_l1_loss(const Tensor& self, const Tensor& target, Reduction reduction, double beta) {
  check<ValueError>(beta >= 0, "smooth_l1_loss does not support negative values for beta.");
  if (beta == 0) return l1_loss(self, target, reduction);
  return difference_loss({.f = detail::Pointwise::kSmoothL1,
                          .kernel = "smooth_l1_cpu",
                          .name = "SmoothL1LossBackward0",
                          .gradient_name = "SmoothL1LossBackwardBackward0",
                          .parameters = {beta},
                          .third = 0},
                         self, target, reduction);
}

Tensor huber_loss(const Tensor& self, const Tensor& target, Reduction reduction, double delta) {
  check<ValueError>(delta > 0, "huber_loss does not support non-positive values for delta.");
  return difference_loss({.f = detail::Pointwise::kHuber,
                          .kernel = "huber_cpu",
                          .name = "HuberLossBackward0",
                          .gradient_name = "HuberLossBackwardBackward0",
                          .parameters = {delta},
                          .third = 0},
                         self, target, reduction);
}

// ------------------------------------------------------------------------------- functions of x and y, weighted

namespace {

/// f(x, y, p) is the loss of one element, with p a further weight (1 if there is none). `by_x` and `by_y` are its derivatives:
/// of elements, and as formulas of tensors, which can be differentiated again.
struct BinaryCrossEntropy {
  static constexpr const char* kKernel = "binary_cross_entropy";
  static constexpr const char* kName = "BinaryCrossEntropyBackward0";
  static constexpr float kLeastSpread = 1e-12F;  // of float, as in PyTorch

  template <class T>
  static T log_of_rest(T x) {  // log(1 - x)
    const T near = detail::twice_artanh(-x / (2 - x));
    const T far = detail::log_of(1 - x);
    return x < T(0.25) ? near : far;
  }
  template <class T>
  static T limited(T logarithm) {
    return logarithm < -100 ? T(-100) : logarithm;
  }
  template <class T>
  static T value(T x, T y, T /*p*/) {
    return (y - 1) * limited(log_of_rest(x)) - y * limited(detail::log_of(x));
  }
  template <class T>
  static T by_x(T x, T y, T /*p*/) {
    constexpr T kLeast = kLeastSpread;
    const T spread = (1 - x) * x;
    return (x - y) / (spread < kLeast ? kLeast : spread);
  }
  static Tensor by_x(const Tensor& x, const Tensor& y, const Tensor& /*p*/) {
    return x.sub(y).div(x.neg().add(1).mul(x).clamp_min(static_cast<double>(kLeastSpread)));
  }
  static Tensor by_y(const Tensor& x, const Tensor& /*y*/, const Tensor& /*p*/) {
    return log1p(x.neg()).sub(x.log());
  }
};

/// x - x y + (1 + (p - 1) y) log(1 + exp(-x)).
struct BinaryCrossEntropyOfLogits {
  static constexpr const char* kKernel = "binary_cross_entropy_with_logits";
  static constexpr const char* kName = "BinaryCrossEntropyWithLogitsBackward0";

  template <class T>
  static T value(T x, T y, T p) {
    return (1 - y) * x + (1 + (p - 1) * y) * detail::softplus_of(-x);
  }
  template <class T>
  static T by_x(T x, T y, T p) {
    return (1 - y) - (1 + (p - 1) * y) * detail::sigmoid_of(-x);
  }
  static Tensor by_x(const Tensor& x, const Tensor& y, const Tensor& p) {
    const Tensor s = x.neg().sigmoid();
    const Tensor rest = y.neg().add(1);
    return rest.sub(p.defined() ? rest.add(p.mul(y)).mul(s) : s);
  }
  static Tensor by_y(const Tensor& x, const Tensor& /*y*/, const Tensor& p) {
    if (!p.defined()) return x.neg();
    constexpr detail::PointwiseOp kLogSigmoid{.f = detail::Pointwise::kLogSigmoid,
                                              .kernel = "log_sigmoid_cpu",
                                              .name = "LogSigmoidBackward0",
                                              .gradient_name = "LogSigmoidBackwardBackward0"};
    return x.neg().sub(p.sub(1).mul(detail::pointwise(kLogSigmoid, x)));
  }
};

/// log(1 + exp(-y x)).
struct SoftMargin {
  static constexpr const char* kKernel = "soft_margin_loss";
  static constexpr const char* kName = "SoftMarginLossBackward0";

  template <class T>
  static T value(T x, T y, T /*p*/) {
    return detail::softplus_of(-y * x);
  }
  template <class T>
  static T by_x(T x, T y, T /*p*/) {
    return -y * detail::sigmoid_of(-y * x);
  }
  static Tensor by_x(const Tensor& x, const Tensor& y, const Tensor& /*p*/) {
    return y.neg().mul(y.mul(x).neg().sigmoid());
  }
  static Tensor by_y(const Tensor& x, const Tensor& y, const Tensor& p) { return by_x(y, x, p); }
};

/// Dense operands of one shape; p and w may be missing.
template <class T>
struct PairedElements {
  const T* x;
  const T* y;
  const T* p;
  const T* w;

  /// of(x, y, p) times w for each element.
  template <class Of, class To>
  void walk(std::int64_t begin, std::int64_t end, const Of& of, const To& to) const {
    if (p == nullptr && w == nullptr) {
      for (std::int64_t i = begin; i < end; ++i) to(i, of(x[i], y[i], T{1}));
    } else {
      for (std::int64_t i = begin; i < end; ++i) {
        const T loss = of(x[i], y[i], p != nullptr ? p[i] : T{1});
        to(i, w != nullptr ? loss * w[i] : loss);
      }
    }
  }
};

/// The operands of a loss as the loops take them.
struct PairedOperands {
  Tensor x, y, p, w;

  PairedOperands(const Tensor& of_x, const Tensor& of_y, const Tensor& of_p, const Tensor& of_w,
                 IntArrayRef sizes, DType type) {
    const auto ready = [&](const Tensor& t) {
      return t.defined() ? t.to(type).expand(sizes).contiguous() : t;
    };
    x = ready(of_x);
    y = ready(of_y);
    p = ready(of_p);
    w = ready(of_w);
  }
  template <class T>
  [[nodiscard]] PairedElements<T> as() const {
    return {elements<const T>(x), elements<const T>(y), elements<const T>(p), elements<const T>(w)};
  }
};

template <class F>
Tensor paired_values(const PairedOperands& in, Reduction reduction) {
  const std::int64_t n = in.x.numel();
  const Tensor out =
      reduction == Reduction::kEach ? empty(in.x.sizes(), in.x.options()) : empty({}, in.x.options());
  if (out.is_meta()) return out;
  with_real(in.x.dtype(), [&]<class T>(T) {
    const auto elements_in = in.as<T>();
    const auto of = [](T x, T y, T p) { return F::value(x, y, p); };
    auto* const to = static_cast<T*>(out.data_ptr());
    if (reduction == Reduction::kEach) {
      return elements_in.walk(0, n, of, [to](std::int64_t i, T loss) { to[i] = loss; });
    }
    constexpr std::int64_t kBlock = 1024;
    std::array<T, kBlock> losses;
    double total = 0;
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t end = std::min(begin + kBlock, n);
      elements_in.walk(begin, end, of,
                       [&](std::int64_t i, T loss) { losses[static_cast<std::size_t>(i - begin)] = loss; });
      double sum = 0;
      for (std::int64_t i = 0; i < end - begin; ++i)
        sum += static_cast<double>(losses[static_cast<std::size_t>(i)]);
      total += sum;
    }
    *to = static_cast<T>(total * share(reduction, n));
  });
  return out;
}

/// scale, or grad element by element, times the derivative by x.
template <class F>
Tensor paired_gradient(const PairedOperands& in, const Tensor& grad, double scale) {
  const Tensor out = empty(in.x.sizes(), in.x.options());
  with_real(in.x.dtype(), [&]<class T>(T) {
    auto* const to = static_cast<T*>(out.data_ptr());
    const auto of = [](T x, T y, T p) { return F::by_x(x, y, p); };
    if (grad.defined()) {
      const Tensor dense = grad.contiguous();
      const T* const g = elements<const T>(dense);
      in.as<T>().walk(0, in.x.numel(), of, [=](std::int64_t i, T slope) { to[i] = slope * g[i]; });
    } else {
      const T factor = static_cast<T>(scale);
      in.as<T>().walk(0, in.x.numel(), of, [=](std::int64_t i, T slope) { to[i] = slope * factor; });
    }
  });
  return out;
}

template <class F>
Tensor paired_loss(const Tensor& x, const Tensor& y, const Tensor& p, const Tensor& w, Reduction reduction) {
  const DType type = x.dtype();
  check_kernel<kReals>(type, F::kKernel);
  if (!has_real_loops(type)) {
    const auto wide = [](const Tensor& t) { return t.defined() ? t.to(kFloat32) : t; };
    return paired_loss<F>(wide(x), wide(y), wide(p), wide(w), reduction).to(type);
  }
  const Tape tape(x, y);
  Dims sizes = broadcast_shapes(x.sizes(), y.sizes());
  for (const Tensor* const t : {&p, &w}) {
    if (t->defined()) sizes = broadcast_shapes(sizes, t->sizes());
  }
  Tensor out = paired_values<F>(PairedOperands(x, y, p, w, sizes, type), reduction);
  if (tape.on()) {
    tape.record(F::kName, out, saved(x, y, p, w), [sizes, type, reduction](Backward& b) {
      const Tensor& x_of = b.saved(0);
      const Tensor& y_of = b.saved(1);
      const Tensor& p_of = b.saved(2);
      const Tensor& w_of = b.saved(3);
      std::int64_t n = 1;
      for (const std::int64_t size : sizes) n *= size;
      const bool alone = !GradMode::is_enabled() && !b.grad().is_meta();
      Tensor grad;
      if (!alone || b.wants(1)) {
        grad = element_gradients(b.grad(), reduction, sizes, n);
        if (w_of.defined()) grad = grad.mul(w_of);
      }
      if (b.wants(1)) b.give(1, grad.mul(F::by_y(x_of, y_of, p_of)));
      if (!b.wants(0)) return;
      if (!alone) return b.give(0, grad.mul(F::by_x(x_of, y_of, p_of)));
      const PairedOperands in(x_of, y_of, p_of, w_of, sizes, type);
      const bool one_by_one = reduction == Reduction::kEach;
      b.give(0, paired_gradient<F>(in, one_by_one ? b.grad() : Tensor(),
                                   one_by_one ? 0 : b.grad().template item<double>() * share(reduction, n)));
    });
  }
  return out;
}

/// Whether all elements lie in [0, 1]; NaN does not.
bool within_unit(const Tensor& t) {
  return t.is_meta() || t.numel() == 0 || t.ge(0).bitwise_and(t.le(1)).all().item<bool>();
}

}  // namespace

Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                            Reduction reduction) {
  check<DTypeError>(target.dtype() == self.dtype(), "Found dtype {} but expected {}",
                    dtype_error_name(target.dtype()), dtype_error_name(self.dtype()));
  check<ValueError>(within_unit(self), "all elements of input should be between 0 and 1");
  check<ValueError>(within_unit(target), "all elements of target should be between 0 and 1");
  return paired_loss<BinaryCrossEntropy>(self, target, {}, weight, reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target, const Tensor& weight,
                                        const Tensor& pos_weight, Reduction reduction) {
  return paired_loss<BinaryCrossEntropyOfLogits>(self, target, pos_weight, weight, reduction);
}

Tensor soft_margin_loss(const Tensor& self, const Tensor& target, Reduction reduction) {
  return paired_loss<SoftMargin>(self, target, {}, {}, reduction);
}

}  // namespace ballast
