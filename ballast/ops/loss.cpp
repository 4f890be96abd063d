#include "ballast/ops/loss.h"

#include <algorithm>
#include <array>

#include "ballast/autograd/tape.h"
#include "ballast/ops/activation.h"
#include "ballast/ops/compute_type.h"
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

/// The loss of one element is a function of x, y and a further weight p (1 if there is none): kLoss names its loops. `by_x` and `by_y`
/// are its derivatives as formulas of tensors, which can be differentiated again.
struct BinaryCrossEntropy {
  static constexpr auto kLoss = detail::PairedLoss::kBinaryCrossEntropy;
  static constexpr const char* kKernel = "binary_cross_entropy";
  static constexpr const char* kName = "BinaryCrossEntropyBackward0";

  static Tensor by_x(const Tensor& x, const Tensor& y, const Tensor& /*p*/) {
    return x.sub(y).div(x.neg().add(1).mul(x).clamp_min(static_cast<double>(detail::kLeastSpread)));
  }
  static Tensor by_y(const Tensor& x, const Tensor& /*y*/, const Tensor& /*p*/) {
    return log1p(x.neg()).sub(x.log());
  }
};

struct BinaryCrossEntropyOfLogits {
  static constexpr auto kLoss = detail::PairedLoss::kBinaryCrossEntropyOfLogits;
  static constexpr const char* kKernel = "binary_cross_entropy_with_logits";
  static constexpr const char* kName = "BinaryCrossEntropyWithLogitsBackward0";

  static Tensor by_x(const Tensor& x, const Tensor& y, const Tensor& p) {
    const Tensor s = x.neg().sigmoid();
    const Tensor rest = y.neg().add(1);
    return rest.sub(p.defined() ? rest.add(p.mul(y)).mul(s) : s);
  }
  static Tensor by_y(const Tensor& x, const Tensor& /*y*/, const Tensor& p) {
    return p.defined() ? x.neg().sub(p.sub(1).mul(log_sigmoid(x))) : x.neg();
  }
};

struct SoftMargin {
  static constexpr auto kLoss = detail::PairedLoss::kSoftMargin;
  static constexpr const char* kKernel = "soft_margin_loss";
  static constexpr const char* kName = "SoftMarginLossBackward0";

  static Tensor by_x(const Tensor& x, const Tensor& y, const Tensor& /*p*/) {
    return y.neg().mul(y.mul(x).neg().sigmoid());
  }
  static Tensor by_y(const Tensor& x, const Tensor& y, const Tensor& p) { return by_x(y, x, p); }
};

/// The operands of a loss as the loops take them: dense, of one shape and type; p and w may be missing.
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

  /// loop over elements begin to end, times w.
  template <class T, class Loop>
  void run(const Loop& loop, T* out, std::int64_t begin, std::int64_t end) const {
    const std::int64_t n = end - begin;
    const auto from = [begin](const Tensor& t) {
      return t.defined() ? elements<const T>(t) + begin : nullptr;
    };
    loop(from(x), from(y), from(p), out, n);
    if (!w.defined()) return;
    const T* const factor = from(w);
    for (std::int64_t i = 0; i < n; ++i) out[i] *= factor[i];
  }
};

template <class F>
Tensor paired_values(const PairedOperands& in, Reduction reduction) {
  const std::int64_t n = in.x.numel();
  Tensor out =
      reduction == Reduction::kEach ? empty(in.x.sizes(), in.x.options()) : empty({}, in.x.options());
  if (out.is_meta()) return out;
  with_real(in.x.dtype(), [&]<class T>(T) {
    const auto loop = detail::paired_loops<T>(F::kLoss).values;
    T* const to = elements<T>(out);
    if (reduction == Reduction::kEach) return in.run(loop, to, 0, n);
    constexpr std::int64_t kBlock = 1024;
    std::array<T, kBlock> losses;
    double total = 0;
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t end = std::min(begin + kBlock, n);
      in.run(loop, losses.data(), begin, end);
      std::array<double, 4> sum{};  // side by side
      for (std::int64_t i = 0; i < end - begin; ++i) {
        sum[static_cast<std::size_t>(i % 4)] += static_cast<double>(losses[static_cast<std::size_t>(i)]);
      }
      total += (sum[0] + sum[2]) + (sum[1] + sum[3]);
    }
    *to = static_cast<T>(total * share(reduction, n));
  });
  return out;
}

/// scale, or grad element by element, times the derivative by x.
template <class F>
Tensor paired_gradient(const PairedOperands& in, const Tensor& grad, double scale) {
  Tensor out = empty(in.x.sizes(), in.x.options());
  const Tensor dense = grad.defined() ? grad.contiguous() : grad;
  with_real(in.x.dtype(), [&]<class T>(T) {
    detail::in_parts(in.x.numel(), [&](std::int64_t begin, std::int64_t end) {
      T* const to = elements<T>(out) + begin;
      in.run(detail::paired_loops<T>(F::kLoss).slopes, to, begin, end);
      if (dense.defined()) {
        const T* const g = elements<const T>(dense) + begin;
        for (std::int64_t i = 0; i < end - begin; ++i) to[i] *= g[i];
      } else {
        const T factor = static_cast<T>(scale);
        for (std::int64_t i = 0; i < end - begin; ++i) to[i] *= factor;
      }
    });
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
