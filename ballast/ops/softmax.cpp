#include "ballast/ops/softmax.h"

#include <algorithm>
#include <limits>

#include "ballast/autograd/grad_mode.h"
#include "ballast/autograd/tape.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/cpu/softmax_kernels.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/real_loops.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

using detail::elements;
using detail::has_real_loops;
using detail::softmax_loops;
using detail::SoftmaxShape;
using detail::with_real;

/// `t` as [outer, n, inner] around dimension `dim`.
SoftmaxShape shape_around(IntArrayRef sizes, std::size_t dim) {
  SoftmaxShape s;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    (i < dim ? s.outer : i == dim ? s.n : s.inner) *= sizes[i];
  }
  return s;
}

/// part(shape, place of its first element, place in [outer, inner]) over all of `s`, on several threads if it is large.
template <class Part>
void in_parts(const SoftmaxShape& s, const Part& part) {
  const std::int64_t slice = s.n * s.inner;
  if (s.outer == 0 || slice == 0) return;
  const auto run = [&](std::int64_t begin, std::int64_t end) {
    part(SoftmaxShape{end - begin, s.n, s.inner}, begin * slice, begin * s.inner);
  };
  if (s.numel() < 2 * kElementGrain) return run(0, s.outer);
  parallel_for(s.outer, grain_for(slice), run);
}

enum class Kind : std::uint8_t { kSoftmax, kLogSoftmax };

const char* node_name(Kind kind) {
  return kind == Kind::kSoftmax ? "SoftmaxBackward0" : "LogSoftmaxBackward0";
}
const char* gradient_node_name(Kind kind) {
  return kind == Kind::kSoftmax ? "SoftmaxBackwardDataBackward0" : "LogSoftmaxBackwardDataBackward0";
}

Tensor values(Kind kind, const Tensor& x, std::size_t dim) {
  check_kernel<kReals>(
      x.dtype(), kind == Kind::kSoftmax ? "softmax_lastdim_kernel_impl" : "log_softmax_lastdim_kernel_impl");
  if (!has_real_loops(x.dtype())) return values(kind, x.to(kFloat32), dim).to(x.dtype());
  Tensor out = empty(x.sizes(), x.options());
  if (out.is_meta()) return out;
  const Tensor from = x.contiguous();
  with_real(x.dtype(), [&]<class T>(T) {
    const auto& loops = softmax_loops<T>();
    const auto loop = kind == Kind::kSoftmax ? loops.softmax : loops.log_softmax;
    in_parts(shape_around(x.sizes(), dim), [&](const SoftmaxShape& s, std::int64_t at, std::int64_t) {
      loop(s, elements<const T>(from) + at, elements<T>(out) + at);
    });
  });
  return out;
}

Tensor gradient_values(Kind kind, const Tensor& grad, const Tensor& y, std::size_t dim) {
  if (!has_real_loops(y.dtype())) {
    return gradient_values(kind, grad.to(kFloat32), y.to(kFloat32), dim).to(y.dtype());
  }
  Tensor out = empty(y.sizes(), y.options());
  if (out.is_meta()) return out;
  const Tensor g = grad.to(y.dtype()).contiguous();
  const Tensor result = y.contiguous();
  with_real(y.dtype(), [&]<class T>(T) {
    const auto& loops = softmax_loops<T>();
    const auto loop = kind == Kind::kSoftmax ? loops.softmax_gradient : loops.log_softmax_gradient;
    in_parts(shape_around(y.sizes(), dim), [&](const SoftmaxShape& s, std::int64_t at, std::int64_t) {
      loop(s, elements<const T>(g) + at, elements<const T>(result) + at, elements<T>(out) + at);
    });
  });
  return out;
}

/// The gradient of the argument, from those of the result y and y itself: recorded, as it is differentiated in turn.
Tensor gradient(Kind kind, const Tensor& grad, const Tensor& y, std::size_t dim) {
  const Tape tape(grad, y);
  Tensor out = gradient_values(kind, grad, y, dim);
  if (tape.on()) {
    tape.record(gradient_node_name(kind), out, saved(grad, y), [kind, dim](Backward& b) {
      const Tensor& outer = b.grad();
      const Tensor& g = b.saved(0);
      const Tensor& result = b.saved(1);
      const auto along = [dim](const Tensor& t) {
        return t.dim() == 0 ? t : t.sum(static_cast<std::int64_t>(dim), true);
      };
      if (kind == Kind::kSoftmax) {  // y (grad - sum(grad y)), the same in both directions
        if (b.wants(0)) b.give(0, gradient(kind, outer, result, dim));
        if (b.wants(1)) {
          const Tensor dot = along(g.mul(result));
          b.give(1, outer.mul(g.sub(dot)).sub(g.mul(along(outer.mul(result)))));
        }
      } else {  // grad - exp(y) sum(grad)
        const Tensor p = result.exp();
        const Tensor weighted = outer.mul(p);
        if (b.wants(0)) b.give(0, outer.sub(along(weighted)));
        if (b.wants(1)) b.give(1, weighted.mul(along(g)).neg());
      }
    });
  }
  return out;
}

Tensor recorded(Kind kind, const Tensor& self, std::int64_t dim, std::optional<DType> dtype) {
  const auto d = static_cast<std::size_t>(wrap_dim(dim, self.dim()));
  const Tensor x = dtype ? self.to(*dtype) : self;
  const Tape tape(x);
  Tensor out = values(kind, x, d);
  if (tape.on()) {
    tape.record(node_name(kind), out, saved(out),
                [kind, d](Backward& b) { b.give(0, gradient(kind, b.grad(), b.saved(0), d)); });
  }
  return out;
}

}  // namespace

Tensor softmax(const Tensor& self, std::int64_t dim, std::optional<DType> dtype) {
  return recorded(Kind::kSoftmax, self, dim, dtype);
}
Tensor log_softmax(const Tensor& self, std::int64_t dim, std::optional<DType> dtype) {
  return recorded(Kind::kLogSoftmax, self, dim, dtype);
}
Tensor Tensor::softmax(std::int64_t dim, std::optional<DType> dtype) const {
  return ballast::softmax(*this, dim, dtype);
}
Tensor Tensor::log_softmax(std::int64_t dim, std::optional<DType> dtype) const {
  return ballast::log_softmax(*this, dim, dtype);
}

// ------------------------------------------------------------------------------------- negative log likelihood

namespace {

/// Scores and their classes, checked: what nll_loss and cross_entropy begin with.
class Classified {
 public:
  Classified(const Tensor& scores, const Tensor& target, const Tensor& weight, Reduction reduction,
             std::int64_t ignore_index)
      : reduction_(reduction), ignore_(ignore_index) {
    check<ValueError>(scores.dim() > 0, "Expected 1 or more dimensions (got 0)");
    class_dim_ = scores.dim() == 1 ? 0 : 1;
    shape_ = shape_around(scores.sizes(), class_dim_);
    check_shapes(scores, target);
    check<DTypeError>(target.dtype() == kInt64 || target.dtype() == kUInt8,
                      "expected target dtype to be Long or Byte, but got {}",
                      dtype_error_name(target.dtype()));
    check<DTypeError>(scores.is_floating_point(), "\"nll_loss_out_frame\" not implemented for '{}'",
                      dtype_error_name(scores.dtype()));
    check<ShapeError>(
        !weight.defined() || (weight.dim() == 1 && weight.numel() == shape_.n),
        "weight tensor should be defined either for all {} classes or no classes but got weight "
        "tensor of shape: {}",
        shape_.n, weight.defined() ? fmt::format("{}", Shown{weight.sizes()}) : "");
    check<DTypeError>(!weight.defined() || weight.dtype() == scores.dtype(),
                      "expected scalar type {} but found {}", dtype_error_name(scores.dtype()),
                      weight.defined() ? dtype_error_name(weight.dtype()) : "");
    target_sizes_ = Dims(target.sizes());
    targets_ = target.to(kInt64).contiguous();
    if (targets_.is_meta()) return;
    const std::int64_t* const t = targets_.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < targets_.numel(); ++i) {
      check<IndexError>(t[i] == ignore_ || (t[i] >= 0 && t[i] < shape_.n), "Target {} is out of bounds.",
                        t[i]);
    }
  }

  [[nodiscard]] const SoftmaxShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t class_dim() const { return class_dim_; }
  [[nodiscard]] const Tensor& targets() const { return targets_; }
  [[nodiscard]] const char* node_name() const {
    return target_sizes_.size() > 1 ? "NllLoss2DBackward0" : "NllLossBackward0";
  }

  /// What the loss of each place is multiplied with: weight[target], 0 where ignored, over their sum for a mean. Of the type
  /// and device of `scores`, in the shape of the targets.
  [[nodiscard]] Tensor factors(const Tensor& scores, const Tensor& weight) {
    Tensor out = empty(target_sizes_, scores.options());
    if (out.is_meta()) return out;
    const Tensor weights = weight.defined() ? weight.contiguous() : weight;
    with_real(scores.dtype(), [&]<class T>(T) {
      const std::int64_t* const t = targets_.data_ptr<std::int64_t>();
      const T* const w = weights.defined() ? elements<const T>(weights) : nullptr;
      T* const f = elements<T>(out);
      for (std::int64_t i = 0; i < out.numel(); ++i) {
        f[i] = t[i] == ignore_ ? T{0} : w != nullptr ? w[t[i]] : T{1};
        total_ += static_cast<double>(f[i]);
      }
      if (reduction_ != Reduction::kAverage) return;
      for (std::int64_t i = 0; i < out.numel(); ++i) {
        if (t[i] != ignore_) f[i] = static_cast<T>(static_cast<double>(f[i]) / total_);
      }
    });
    return out;
  }

  /// The losses times their factors, summed or one by one. loss_of(outer, inner, place, class) gives one.
  template <class T, class LossOf>
  Tensor reduce(const Tensor& factor, const LossOf& loss_of) const {
    Tensor out =
        reduction_ == Reduction::kEach ? empty(target_sizes_, factor.options()) : empty({}, factor.options());
    const std::int64_t* const t = targets_.data_ptr<std::int64_t>();
    const T* const f = elements<const T>(factor);
    T* const losses = elements<T>(out);
    double total = 0;
    for (std::int64_t o = 0; o < shape_.outer; ++o) {
      for (std::int64_t j = 0; j < shape_.inner; ++j) {
        const std::int64_t at = o * shape_.inner + j;
        const bool ignored = t[at] == ignore_;
        const T loss = ignored ? T{0} : loss_of(o, j, at, t[at]) * f[at];
        if (reduction_ == Reduction::kEach) {
          losses[at] = loss;
        } else {
          total += static_cast<double>(loss);
        }
      }
    }
    if (reduction_ == Reduction::kEach) return out;
    // The mean of nothing is no number.
    losses[0] = reduction_ == Reduction::kAverage && total_ == 0 ? std::numeric_limits<T>::quiet_NaN()
                                                                 : static_cast<T>(total);
    return out;
  }

  /// Where a class of a place stands among the scores.
  [[nodiscard]] std::int64_t index(std::int64_t o, std::int64_t j, std::int64_t of_class) const {
    return (o * shape_.n + of_class) * shape_.inner + j;
  }

 private:
  void check_shapes(const Tensor& scores, const Tensor& target) const {
    const auto batch_of = [](const Tensor& t) { return t.size(0); };
    if (scores.dim() == 1) {
      check<ShapeError>(target.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
      check<ShapeError>(target.dim() == 0 || batch_of(target) == 1,
                        "For 1D input, 1D target must have size 1, but got target size: {}",
                        target.dim() == 0 ? 1 : batch_of(target));
      return;
    }
    check<ShapeError>(target.dim() > 0 && batch_of(scores) == batch_of(target),
                      "Expected input batch_size ({}) to match target batch_size ({}).", batch_of(scores),
                      target.dim() > 0 ? batch_of(target) : 1);
    check<ShapeError>(scores.dim() != 2 || target.dim() == 1,
                      "0D or 1D target tensor expected, multi-target not supported");
    Dims expected(scores.sizes());
    expected.erase(1);
    check<ShapeError>(expected.ref() == target.sizes(), "Expected target size {}, got {}", Shown{expected},
                      Shown{target.sizes()});
  }

  SoftmaxShape shape_;
  std::size_t class_dim_ = 0;
  Dims target_sizes_;
  Tensor targets_;
  Reduction reduction_;
  std::int64_t ignore_;
  double total_ = 0;  // of the weights of all targets
};

/// The gradient of each place: that of the loss (a number, or one for each) times its factor. Recorded where gradients are.
Tensor place_gradients(const Tensor& grad, const Tensor& factor) {
  return grad.dim() == 0 || grad.sizes() == factor.sizes() ? factor.mul(grad)
                                                           : factor.mul(grad.reshape(factor.sizes()));
}

/// For formulas: each target as an index that holds, with the dimension of the classes put in.
Tensor class_indices(const Tensor& targets, std::size_t dim, IntArrayRef sizes) {
  Dims shape(sizes);
  shape[dim] = 1;
  return targets.clamp_min(0).reshape(shape);
}

}  // namespace

Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, Reduction reduction,
                std::int64_t ignore_index) {
  if (!has_real_loops(self.dtype()) && self.is_floating_point()) {
    return nll_loss(self.to(kFloat32), target, weight.defined() ? weight.to(kFloat32) : weight, reduction,
                    ignore_index)
        .to(self.dtype());
  }
  Classified classes(self, target, weight, reduction, ignore_index);
  const Tape tape(self);
  const Tensor factor = classes.factors(self, weight);
  Tensor out;
  if (factor.is_meta()) {
    out = reduction == Reduction::kEach ? factor : empty({}, factor.options());
  } else {
    const Tensor from = self.contiguous();
    with_real(self.dtype(), [&]<class T>(T) {
      const T* const x = elements<const T>(from);
      out = classes.reduce<T>(factor, [&](std::int64_t o, std::int64_t j, std::int64_t, std::int64_t c) {
        return -x[classes.index(o, j, c)];
      });
    });
  }
  if (tape.on()) {
    tape.record(classes.node_name(), out, saved(classes.targets(), factor),
                [sizes = Dims(self.sizes()), dim = classes.class_dim()](Backward& b) {
                  const Tensor index = class_indices(b.saved(0), dim, sizes);
                  const Tensor g = place_gradients(b.grad(), b.saved(1)).reshape(index.sizes()).neg();
                  b.give(0, scatter_add(zeros(sizes, g.options()), static_cast<std::int64_t>(dim), index, g));
                });
  }
  return out;
}

namespace {

/// Classes as targets, no smoothing: log_softmax and nll_loss in one. Of the softmax only what makes it again is kept.
Tensor fused_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                           Reduction reduction, std::int64_t ignore_index) {
  Classified classes(self, target, weight, reduction, ignore_index);
  const Tape tape(self);
  const Tensor factor = classes.factors(self, weight);
  const SoftmaxShape& shape = classes.shape();
  const std::int64_t places = shape.outer * shape.inner;
  const Tensor norms = empty({2, places}, self.options());  // the largest, and the logarithm of the sum
  Tensor out;
  if (factor.is_meta()) {
    out = reduction == Reduction::kEach ? factor : empty({}, factor.options());
  } else {
    const Tensor from = self.contiguous();
    with_real(self.dtype(), [&]<class T>(T) {
      const T* const x = elements<const T>(from);
      T* const largest = elements<T>(norms);
      T* const log_sum = largest + places;
      in_parts(shape, [&](const SoftmaxShape& s, std::int64_t at, std::int64_t place) {
        softmax_loops<T>().log_sum_exp(s, x + at, largest + place, log_sum + place);
      });
      out = classes.reduce<T>(factor, [&](std::int64_t o, std::int64_t j, std::int64_t at, std::int64_t c) {
        return log_sum[at] - (x[classes.index(o, j, c)] - largest[at]);
      });
    });
  }
  if (tape.on()) {
    tape.record(classes.node_name(), out, saved(self, classes.targets(), factor, norms),
                [shape, dim = classes.class_dim()](Backward& b) {
                  const Tensor& x = b.saved(0);
                  const Tensor& targets = b.saved(1);
                  const Tensor g = place_gradients(b.grad(), b.saved(2));
                  if (GradMode::is_enabled() || x.is_meta()) {
                    const Tensor index = class_indices(targets, dim, x.sizes());
                    const Tensor spread = g.reshape(index.sizes());
                    const Tensor all = log_softmax(x, static_cast<std::int64_t>(dim)).exp().mul(spread);
                    b.give(0, scatter_add(all, static_cast<std::int64_t>(dim), index, spread.neg()));
                    return;
                  }
                  const Tensor from = x.contiguous();
                  const Tensor scale = g.contiguous();
                  const Tensor result = empty(x.sizes(), x.options());
                  with_real(x.dtype(), [&]<class T>(T) {
                    const T* const largest = elements<const T>(b.saved(3));
                    const T* const log_sum = largest + shape.outer * shape.inner;
                    const T* const factors = elements<const T>(scale);
                    T* const to = elements<T>(result);
                    in_parts(shape, [&](const SoftmaxShape& s, std::int64_t at, std::int64_t place) {
                      softmax_loops<T>().scaled_softmax(s, elements<const T>(from) + at, largest + place,
                                                        log_sum + place, factors + place, to + at);
                    });
                    const std::int64_t* const t = targets.data_ptr<std::int64_t>();
                    for (std::int64_t o = 0; o < shape.outer; ++o) {
                      for (std::int64_t j = 0; j < shape.inner; ++j) {
                        const std::int64_t place = o * shape.inner + j;
                        // Ignored ones have a factor of 0.
                        const std::int64_t of_class = std::max<std::int64_t>(t[place], 0);
                        if (of_class < shape.n)
                          to[(o * shape.n + of_class) * shape.inner + j] -= factors[place];
                      }
                    }
                  });
                  b.give(0, result);
                });
  }
  return out;
}

void check_class_weight(const Tensor& weight, std::int64_t classes) {
  check<ShapeError>(!weight.defined() || (weight.dim() == 1 && weight.numel() == classes),
                    "cross_entropy: weight tensor should be defined either for all {} classes or no classes "
                    "but got weight tensor of shape: {}",
                    classes, weight.defined() ? fmt::format("{}", Shown{weight.sizes()}) : "");
}

/// [C] as it broadcasts over the classes of `sizes`.
Tensor spread_weight(const Tensor& weight, std::size_t dim, IntArrayRef sizes) {
  Dims shape(sizes.size(), 1);
  shape[dim] = weight.numel();
  return weight.reshape(shape);
}

/// Probabilities as targets.
Tensor expected_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                              Reduction reduction, double label_smoothing) {
  const auto dim = static_cast<std::size_t>(self.dim() == 1 ? 0 : 1);
  const std::int64_t classes = self.sizes()[dim];
  check_class_weight(weight, classes);
  const Tensor log_p = log_softmax(self, static_cast<std::int64_t>(dim));
  const Tensor wanted =
      label_smoothing > 0
          ? target.mul(1 - label_smoothing).add(label_smoothing / static_cast<double>(classes))
          : target;
  Tensor terms = log_p.mul(wanted);
  if (weight.defined()) terms = terms.mul(spread_weight(weight, dim, self.sizes()));
  switch (reduction) {
    case Reduction::kEach:
      return terms.sum(static_cast<std::int64_t>(dim)).neg();
    case Reduction::kTotal:
      return terms.sum().neg();
    case Reduction::kAverage:
      break;
  }
  return terms.sum().neg().div(static_cast<double>(self.numel()) / static_cast<double>(classes));
}

/// Classes as targets, each mixed with equal probabilities of all.
Tensor smoothed_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                              Reduction reduction, std::int64_t ignore_index, double label_smoothing) {
  const auto dim = static_cast<std::size_t>(self.dim() == 1 ? 0 : 1);
  const auto along = static_cast<std::int64_t>(dim);
  const std::int64_t classes = self.sizes()[dim];
  const Tensor log_p = log_softmax(self, along);
  const Tensor of_target = nll_loss(log_p, target, weight, reduction, ignore_index);
  Tensor of_all = (weight.defined() ? log_p.mul(spread_weight(weight, dim, self.sizes())) : log_p)
                      .sum(along)
                      .neg()
                      .reshape(target.sizes());
  const Tensor ignored = target.eq(ignore_index);
  of_all = of_all.masked_fill(ignored, 0);
  if (reduction != Reduction::kEach) {
    of_all = of_all.sum();
    if (reduction == Reduction::kAverage) {
      Tensor total = ignored.logical_not().to(self.dtype());
      if (weight.defined()) {
        const Tensor of_class = index_select(weight, 0, target.to(kInt64).masked_fill(ignored, 0).flatten());
        total = total.mul(of_class.reshape(target.sizes()));
      }
      of_all = of_all.div(total.sum());
    }
  }
  return of_target.mul(1 - label_smoothing).add(of_all.mul(label_smoothing / static_cast<double>(classes)));
}

}  // namespace

Tensor cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight, Reduction reduction,
                     std::int64_t ignore_index, double label_smoothing) {
  check<ValueError>(label_smoothing >= 0 && label_smoothing <= 1,
                    "label_smoothing must be between 0.0 and 1.0. Got: {}", label_smoothing);
  if (!has_real_loops(self.dtype()) && self.is_floating_point()) {
    const auto wide = [](const Tensor& t) {
      return t.defined() && t.is_floating_point() ? t.to(kFloat32) : t;
    };
    return cross_entropy(wide(self), wide(target), wide(weight), reduction, ignore_index, label_smoothing)
        .to(self.dtype());
  }
  if (self.sizes() == target.sizes() && self.dim() > 0) {
    check<DTypeError>(target.is_floating_point(),
                      "Expected floating point type for target with class probabilities, got {}",
                      dtype_error_name(target.dtype()));
    check<ValueError>(ignore_index < 0, "ignore_index is not supported for floating point target");
    return expected_cross_entropy(self, target, weight, reduction, label_smoothing);
  }
  if (label_smoothing > 0) {
    return smoothed_cross_entropy(self, target, weight, reduction, ignore_index, label_smoothing);
  }
  return fused_cross_entropy(self, target, weight, reduction, ignore_index);
}

}  // namespace ballast
