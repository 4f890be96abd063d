#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ballast/autograd/tape.h"
#include "ballast/core/convert_element.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/compute_type.h"
#include "ballast/ops/cpu/functions.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/loss.h"
#include "ballast/ops/selection.h"

namespace ballast {
namespace {

template <class T>
constexpr T kNever = -std::numeric_limits<T>::infinity();

/// log(exp(a) + exp(b)).
template <class T>
T log_add(T a, T b) {
  const T more = std::max(a, b);
  if (more == kNever<T>) return more;
  return more + detail::log1p_of_unit(detail::exp_of(std::min(a, b) - more));
}

/// What was asked for, checked.
struct CtcProblem {
  std::int64_t steps = 0, batch = 0, classes = 0, blank = 0;
  std::vector<std::int64_t> input_lengths, target_lengths;
  std::vector<std::int64_t> targets;  ///< one after the other
  std::vector<std::int64_t> begins;   ///< of each target
  std::int64_t states = 1;            ///< 2 * the longest target + 1

  /// The label of state s of sample b: blanks stand before, between and after the labels.
  [[nodiscard]] std::int64_t label(std::int64_t b, std::int64_t s) const {
    return s % 2 == 0 ? blank
                      : targets[static_cast<std::size_t>(begins[static_cast<std::size_t>(b)] + s / 2)];
  }
  /// Whether state s may follow s - 2.
  [[nodiscard]] bool skips(std::int64_t b, std::int64_t s) const {
    return s >= 2 && s % 2 == 1 && label(b, s) != label(b, s - 2);
  }
};

CtcProblem problem_of(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                      IntArrayRef target_lengths, std::int64_t blank) {
  CtcProblem p;
  p.steps = log_probs.size(0);
  p.batch = log_probs.size(1);
  p.classes = log_probs.size(2);
  p.blank = blank;
  check<DTypeError>(targets.dtype() == kInt64 || targets.dtype() == kInt32,
                    "ctc_loss: expected targets of type Long or Int, but got {}",
                    dtype_error_name(targets.dtype()));
  check<ValueError>(blank >= 0 && blank < p.classes, "blank must be in label range");
  check<ShapeError>(static_cast<std::int64_t>(input_lengths.size()) == p.batch,
                    "input_lengths must be of size batch_size");
  check<ShapeError>(static_cast<std::int64_t>(target_lengths.size()) == p.batch,
                    "target_lengths must be of size batch_size");
  check<ShapeError>(
      targets.dim() == 1 || targets.dim() == 2,
      "Expected 1 to 2 dimensions, but got {}-dimensional tensor for argument #2 'targets' (while "
      "checking arguments for ctc_loss_allocate_outputs)",
      targets.dim());
  std::int64_t total = 0;
  std::int64_t longest = 0;
  for (const std::int64_t n : target_lengths) {
    check<ValueError>(n >= 0,
                      "Expected target_lengths to have value at least 0, but got value {} (while checking "
                      "arguments for ctc_loss_allocate_outputs)",
                      n);
    total += n;
    longest = std::max(longest, n);
  }
  for (const std::int64_t n : input_lengths) {
    check<ValueError>(n >= 0,
                      "Expected input_lengths to have value at least 0, but got value {} (while checking "
                      "arguments for ctc_loss_allocate_outputs)",
                      n);
    check<ValueError>(n <= p.steps,
                      "Expected input_lengths to have value at most {}, but got value {} (while checking "
                      "arguments for ctc_loss_allocate_outputs)",
                      p.steps, n);
  }
  p.input_lengths.assign(input_lengths.begin(), input_lengths.end());
  p.target_lengths.assign(target_lengths.begin(), target_lengths.end());
  p.states = 2 * longest + 1;
  if (targets.dim() == 1) {
    check<ShapeError>(
        targets.numel() == total,
        "Expected tensor to have size {} at dimension 0, but got size {} for argument #2 'targets' "
        "(while checking arguments for ctc_loss_allocate_outputs)",
        total, targets.numel());
    std::int64_t at = 0;
    for (const std::int64_t n : target_lengths) {
      p.begins.push_back(at);
      at += n;
    }
  } else {
    check<ShapeError>(
        targets.size(0) == p.batch,
        "Expected tensor to have size {} at dimension 0, but got size {} for argument #2 'targets' "
        "(while checking arguments for ctc_loss_allocate_outputs)",
        p.batch, targets.size(0));
    check<ShapeError>(
        targets.size(1) >= longest,
        "Expected tensor to have size at least {} at dimension 1, but got size {} for argument #2 "
        "'targets' (while checking arguments for ctc_loss_allocate_outputs)",
        longest, targets.size(1));
    for (std::int64_t b = 0; b < p.batch; ++b) p.begins.push_back(b * targets.size(1));
  }
  if (targets.is_meta() || log_probs.is_meta()) return p;
  const Tensor dense = targets.to(kInt64).contiguous();
  const auto* const t = dense.data_ptr<std::int64_t>();
  p.targets.assign(t, t + dense.numel());
  for (std::int64_t b = 0; b < p.batch; ++b) {
    const auto sample = static_cast<std::size_t>(b);
    for (std::int64_t i = 0; i < p.target_lengths[sample]; ++i) {
      const std::int64_t label = p.targets[static_cast<std::size_t>(p.begins[sample] + i)];
      check<IndexError>(label >= 0 && label < p.classes,
                        "ctc_loss: target {} of sample {} is {}, but there are {} classes", i, b, label,
                        p.classes);
    }
  }
  return p;
}

/// Of one sample: log_probs [steps, classes] at x, steps `stride` elements apart.
template <class T>
struct Sample {
  const CtcProblem& p;
  std::int64_t b;
  const T* x;
  std::int64_t stride;

  [[nodiscard]] std::int64_t length() const { return p.input_lengths[static_cast<std::size_t>(b)]; }
  [[nodiscard]] std::int64_t states() const { return 2 * p.target_lengths[static_cast<std::size_t>(b)] + 1; }
  [[nodiscard]] T log_prob(std::int64_t t, std::int64_t s) const { return x[t * stride + p.label(b, s)]; }

  /// alpha[t][s]: of all ways to be in state s at step t. Gives -log of the probability of the whole.
  T forward(T* alpha) const {
    const std::int64_t n = states();
    const std::int64_t steps = length();
    if (steps == 0) return n == 1 ? T{0} : -kNever<T>;
    std::fill(alpha, alpha + p.steps * p.states, kNever<T>);
    for (std::int64_t s = 0; s < std::min<std::int64_t>(n, 2); ++s) alpha[s] = log_prob(0, s);
    for (std::int64_t t = 1; t < steps; ++t) {
      const T* const from = alpha + (t - 1) * p.states;
      T* const to = alpha + t * p.states;
      for (std::int64_t s = 0; s < n; ++s) {
        T sum = from[s];
        if (s >= 1) sum = log_add(sum, from[s - 1]);
        if (p.skips(b, s)) sum = log_add(sum, from[s - 2]);
        to[s] = sum + log_prob(t, s);
      }
    }
    const T* const last = alpha + (steps - 1) * p.states;
    return -(n > 1 ? log_add(last[n - 1], last[n - 2]) : last[n - 1]);
  }

  /// to[t][c] = scale (p[t][c] - the part of all paths that reads c at t), of the argument of the log_softmax before.
  void backward(const T* alpha, T loss, T scale, T* to, std::vector<T>& beta, std::vector<T>& paths) const {
    const std::int64_t n = states();
    const std::int64_t steps = length();
    beta.assign(static_cast<std::size_t>(2 * p.states), kNever<T>);
    for (std::int64_t t = steps - 1; t >= 0; --t) {
      T* const now = beta.data() + t % 2 * p.states;
      const T* const next = beta.data() + (t + 1) % 2 * p.states;
      for (std::int64_t s = 0; s < n; ++s) {
        if (t == steps - 1) {
          now[s] = s >= n - 2 ? log_prob(t, s) : kNever<T>;
          continue;
        }
        T sum = next[s];
        if (s + 1 < n) sum = log_add(sum, next[s + 1]);
        if (s + 2 < n && p.skips(b, s + 2)) sum = log_add(sum, next[s + 2]);
        now[s] = sum + log_prob(t, s);
      }
      paths.assign(static_cast<std::size_t>(p.classes), kNever<T>);
      for (std::int64_t s = 0; s < n; ++s) {
        T& of_label = paths[static_cast<std::size_t>(p.label(b, s))];
        of_label = log_add(of_label, alpha[t * p.states + s] + now[s]);
      }
      for (std::int64_t c = 0; c < p.classes; ++c) {
        const T log_p = x[t * stride + c];
        const T through = detail::exp_of(paths[static_cast<std::size_t>(c)] + loss - log_p);
        to[t * stride + c] = (detail::exp_of(log_p) - through) * scale;
      }
    }
  }
};

/// The losses one by one, recorded.
Tensor ctc_losses(const Tensor& log_probs, const CtcProblem& p, bool zero_infinity) {
  const Tape tape(log_probs);
  Tensor losses = empty({p.batch}, log_probs.options());
  const Tensor alpha = empty({p.batch, p.steps, p.states}, log_probs.options());
  const Tensor dense = log_probs.contiguous();
  const std::int64_t stride = p.batch * p.classes;
  const auto each_sample = [&](const Tensor& x, const auto& f) {
    visit_dtype_of<set_of(kFloat32, kFloat64)>(
        x.dtype(), "ctc_loss_cpu", [&]<class T>(std::type_identity<T>) {
          for (std::int64_t b = 0; b < p.batch; ++b)
            f(Sample<T>{p, b, x.data_ptr<T>() + b * p.classes, stride});
        });
  };
  if (!losses.is_meta()) {
    each_sample(dense, [&]<class T>(const Sample<T>& s) {
      losses.data_ptr<T>()[s.b] = s.forward(alpha.data_ptr<T>() + s.b * p.steps * p.states);
    });
  }
  if (tape.on()) {
    tape.record(
        "CtcLossBackward0", losses, saved(log_probs, losses, alpha), [p, zero_infinity](Backward& back) {
          const Tape again(back.grad(), back.saved(0));
          const Tensor x = back.saved(0).contiguous();
          const Tensor grad = back.grad().contiguous();
          const Tensor result = zeros(x.sizes(), x.options());
          visit_dtype_of<set_of(kFloat32, kFloat64)>(
              x.dtype(), "ctc_loss_backward_cpu", [&]<class T>(std::type_identity<T>) {
                std::vector<T> beta;
                std::vector<T> paths;
                for (std::int64_t b = 0; b < p.batch; ++b) {
                  const T loss = back.saved(1).data_ptr<T>()[b];
                  if (zero_infinity && std::isinf(loss)) continue;
                  const Sample<T> s{p, b, x.data_ptr<T>() + b * p.classes, p.batch * p.classes};
                  s.backward(back.saved(2).data_ptr<T>() + b * p.steps * p.states, loss,
                             grad.data_ptr<T>()[b], result.data_ptr<T>() + b * p.classes, beta, paths);
                }
              });
          if (again.on()) {
            again.record("CtcLossBackwardBackward0", result, saved(), [](Backward&) {
              throw NotImplementedError("the derivative for '_ctc_loss_backward' is not implemented");
            });
          }
          back.give(0, result);
        });
  }
  return losses;
}

std::vector<std::int64_t> lengths_of(const Tensor& t, const char* name) {
  check<DTypeError>(is_integral(t.dtype(), false), "{} must be integral", name);
  const Tensor dense = t.to(kInt64).contiguous();
  const auto* const p = dense.data_ptr<std::int64_t>();
  return {p, p + dense.numel()};
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                IntArrayRef target_lengths, std::int64_t blank, Reduction reduction, bool zero_infinity) {
  check<ShapeError>(log_probs.dim() == 3 || log_probs.dim() == 2,
                    "ctc_loss: log_probs must be [T, N, C] or [T, C], but is {}", Shown{log_probs.sizes()});
  check_kernel<kReals>(log_probs.dtype(), "ctc_loss_cpu");
  if (log_probs.dtype() != kFloat32 && log_probs.dtype() != kFloat64) {
    return ctc_loss(log_probs.to(kFloat32), targets, input_lengths, target_lengths, blank, reduction,
                    zero_infinity)
        .to(log_probs.dtype());
  }
  const bool batched = log_probs.dim() == 3;
  const Tensor x = batched ? log_probs : log_probs.unsqueeze(1);
  const Tensor labels = !batched && targets.dim() == 1 ? targets.unsqueeze(0) : targets;
  const CtcProblem p = problem_of(x, labels, input_lengths, target_lengths, blank);
  Tensor losses = ctc_losses(x, p, zero_infinity);
  if (zero_infinity && !losses.is_meta()) {
    losses = where(losses.eq(std::numeric_limits<double>::infinity()), zeros({}, losses.options()), losses);
  }
  if (reduction == Reduction::kAverage) {
    const Tensor divisors = empty({p.batch}, losses.options());
    for (std::int64_t b = 0; b < p.batch && !divisors.is_meta(); ++b) {
      divisors[b].fill_(std::max<std::int64_t>(p.target_lengths[static_cast<std::size_t>(b)], 1));
    }
    return losses.div(divisors).mean();
  }
  if (reduction == Reduction::kTotal) return losses.sum();
  return batched ? losses : losses.squeeze(0);
}

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, std::int64_t blank, Reduction reduction, bool zero_infinity) {
  const std::vector<std::int64_t> of_inputs = lengths_of(input_lengths, "input_lengths");
  const std::vector<std::int64_t> of_targets = lengths_of(target_lengths, "target_lengths");
  return ctc_loss(log_probs, targets, of_inputs, of_targets, blank, reduction, zero_infinity);
}

}  // namespace ballast
