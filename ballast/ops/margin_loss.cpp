#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/indexing.h"
#include "ballast/ops/loss.h"
#include "ballast/ops/selection.h"

namespace ballast {
namespace {

Tensor reduced(const Tensor& losses, Reduction reduction) {
  return reduction == Reduction::kEach    ? losses
         : reduction == Reduction::kTotal ? losses.sum()
                                          : losses.mean();
}

/// The gradient of each of `n` losses, [n, 1], from that of the result.
Tensor row_gradients(const Tensor& grad, Reduction reduction, std::int64_t n) {
  if (reduction == Reduction::kEach) return grad.reshape({n, 1});
  return (reduction == Reduction::kAverage ? grad.div(n) : grad).reshape({1, 1}).expand({n, 1});
}

/// A vector or matrix of scores as rows.
Tensor rows_of(const Tensor& scores) { return scores.dim() <= 1 ? scores.reshape({1, -1}) : scores; }

void check_scores(const Tensor& scores) {
  check<ShapeError>(scores.dim() <= 1 ? scores.numel() > 0 : scores.dim() == 2 && scores.size(1) > 0,
                    "Expected non-empty vector or matrix with optional 0-dim batch size, but got: {}",
                    Shown{scores.sizes()});
  check_kernel<kReals>(scores.dtype(), "multi_margin_loss");
}

/// What multi_margin_loss sums, without its power: of how much each class but the target is too near. Recorded.
struct Violations {
  Tensor amount;  ///< max(0, margin - x[target] + x[j]); 0 at the target
  Tensor others;  ///< 1, and 0 at the target
};
Violations violations(const Tensor& rows, const Tensor& index, double margin) {
  Violations v;
  v.others =
      scatter_add(ones(rows.sizes(), rows.options()), 1, index, full(index.sizes(), -1, rows.options()));
  v.amount = rows.sub(gather(rows, 1, index)).add(margin).clamp_min(0).mul(v.others);
  return v;
}

}  // namespace

Tensor multi_margin_loss(const Tensor& self, const Tensor& target, std::int64_t p, double margin,
                         const Tensor& weight, Reduction reduction) {
  check<ValueError>(p == 1 || p == 2, "only p == 1 and p == 2 supported");
  check_scores(self);
  const Tensor plain = rows_of(self);
  const std::int64_t n = plain.size(0);
  const std::int64_t classes = plain.size(1);
  check<ShapeError>(target.dim() <= 1 && target.numel() == n,
                    "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
                    "samples (batch size). Expected target size [{}], but got {}. Input has shape {}.",
                    n, Shown{target.sizes()}, Shown{self.sizes()});
  check<DTypeError>(target.dtype() == kInt64, "expected scalar type Long but found {}",
                    dtype_error_name(target.dtype()));
  check<ShapeError>(!weight.defined() || (weight.dim() <= 1 && weight.numel() == classes),
                    "inconsistent weight size, expected {} but got {}", classes,
                    weight.defined() ? fmt::format("{}", Shown{weight.sizes()}) : "");
  if (!target.is_meta()) {
    const Tensor dense = target.contiguous();
    const std::int64_t* const t = dense.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i)
      check<IndexError>(t[i] >= 0 && t[i] < classes, "target out of range");
  }
  const Tape tape(self);
  const Tensor index = target.reshape({n, 1});
  // [n, 1]: what the loss of each row is multiplied with.
  Tensor share = full({n, 1}, 1 / static_cast<double>(classes), self.options());
  if (weight.defined()) {
    share = share.mul(index_select(weight.reshape({classes}), 0, index.reshape({n})).reshape({n, 1}));
  }
  const Tensor amount = violations(plain, index, margin).amount;
  const Tensor losses = (p == 1 ? amount : amount.mul(amount)).mul(share).sum(1);
  Tensor out = reduced(self.dim() <= 1 ? losses.reshape({}) : losses, reduction);
  if (tape.on()) {
    tape.record("MultiMarginLossBackward0", out, saved(self, index, share), [=](Backward& b) {
      const Tensor& x = b.saved(0);
      const Violations v = violations(rows_of(x), b.saved(1), margin);
      const Tensor slope = p == 1 ? v.amount.gt(0).to(x.dtype()) : v.amount.mul(2);
      const Tensor of_others = slope.mul(b.saved(2)).mul(row_gradients(b.grad(), reduction, n));
      const Tensor of_target = of_others.sum(1, true).mul(v.others.neg().add(1));
      b.give(0, of_others.sub(of_target).reshape(x.sizes()));
    });
  }
  return out;
}

namespace {

/// The targets of one row: up to the first -1.
std::int64_t count_targets(const std::int64_t* targets, std::int64_t classes) {
  std::int64_t n = 0;
  for (; n < classes && targets[n] != -1; ++n) {
    check<IndexError>(targets[n] >= 0 && targets[n] < classes, "argument #2 'target' is out of range");
  }
  return n;
}

}  // namespace

Tensor multilabel_margin_loss(const Tensor& self, const Tensor& target, Reduction reduction) {
  check_scores(self);
  check<ShapeError>(self.sizes() == target.sizes(), "inconsistent target size: {} for input of size: {}",
                    Shown{target.sizes()}, Shown{self.sizes()});
  check<DTypeError>(target.dtype() == kInt64, "expected scalar type Long but found {}",
                    dtype_error_name(target.dtype()));
  if (self.dtype() != kFloat32 && self.dtype() != kFloat64) {
    return multilabel_margin_loss(self.to(kFloat32), target, reduction).to(self.dtype());
  }
  const Tape tape(self);
  const Tensor rows = rows_of(self).contiguous();
  const Tensor wanted = rows_of(target).contiguous();
  const std::int64_t n = rows.size(0);
  const std::int64_t classes = rows.size(1);
  const Tensor losses = empty({n}, self.options());
  const Tensor slopes = zeros(rows.sizes(), self.options());  // of each row's loss
  if (!losses.is_meta()) {
    visit_dtype_of<set_of(kFloat32, kFloat64)>(
        self.dtype(), "multilabel_margin_loss", [&]<class T>(std::type_identity<T>) {
          std::vector<char> is_target(static_cast<std::size_t>(classes));
          for (std::int64_t r = 0; r < n; ++r) {
            const T* const x = rows.data_ptr<T>() + r * classes;
            T* const slope = slopes.data_ptr<T>() + r * classes;
            const std::int64_t* const t = wanted.data_ptr<std::int64_t>() + r * classes;
            const std::int64_t targets = count_targets(t, classes);
            std::fill(is_target.begin(), is_target.end(), 0);
            for (std::int64_t k = 0; k < targets; ++k) is_target[static_cast<std::size_t>(t[k])] = 1;
            const T part = T{1} / static_cast<T>(classes);
            double sum = 0;
            for (std::int64_t k = 0; k < targets; ++k) {
              for (std::int64_t j = 0; j < classes; ++j) {
                const T amount = 1 - x[t[k]] + x[j];
                if (is_target[static_cast<std::size_t>(j)] != 0 || !(amount > 0)) continue;
                sum += static_cast<double>(amount);
                slope[j] += part;
                slope[t[k]] -= part;
              }
            }
            losses.data_ptr<T>()[r] = static_cast<T>(sum / static_cast<double>(classes));
          }
        });
  }
  Tensor out = reduced(self.dim() <= 1 ? losses.reshape({}) : losses, reduction);
  if (tape.on()) {
    tape.record("MultilabelMarginLossBackward0", out, saved(slopes),
                [reduction, n, sizes = Dims(self.sizes())](Backward& b) {
                  b.give(0, b.saved(0).mul(row_gradients(b.grad(), reduction, n)).reshape(sizes));
                });
  }
  return out;
}

}  // namespace ballast
