#include "ballast/nn/functional/loss.h"

#include <numbers>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/print.h"
#include "ballast/core/warning.h"
#include "ballast/ops/activation.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/distance.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/loss.h"
#include "ballast/ops/selection.h"
#include "ballast/ops/unary.h"

namespace ballast::nn::functional {
namespace {

template <class Choices>
Reduction reduction_of(const Choices& choice) {
  check<ValueError>(choice.known(), "{} is not a valid value for reduction", choice.python());
  return choice.is(kNone) ? Reduction::kEach : choice.is(kSum) ? Reduction::kTotal : Reduction::kAverage;
}

Tensor reduced(const Tensor& losses, const LossReduction& reduction) {
  switch (reduction_of(reduction)) {
    case Reduction::kEach:
      return losses;
    case Reduction::kTotal:
      return losses.sum();
    case Reduction::kAverage:
      break;
  }
  return losses.mean();
}

std::string size_text(const Tensor& t) { return fmt::format("torch.Size({})", Shown{t.sizes()}); }

void warn_of_broadcast(const Tensor& input, const Tensor& target) {
  if (input.sizes() == target.sizes()) return;
  warn(fmt::format(
      "Using a target size ({}) that is different to the input size ({}). This will likely lead to "
      "incorrect results due to broadcasting. Please ensure they have the same size.",
      size_text(target), size_text(input)));
}

}  // namespace

Tensor l1_loss(const Tensor& input, const Tensor& target, const L1LossFuncOptions& options) {
  warn_of_broadcast(input, target);
  return ballast::l1_loss(input, target, reduction_of(options.reduction()));
}

Tensor mse_loss(const Tensor& input, const Tensor& target, const MSELossFuncOptions& options) {
  warn_of_broadcast(input, target);
  return ballast::mse_loss(input, target, reduction_of(options.reduction()));
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const LossReduction& reduction,
                      double beta) {
  warn_of_broadcast(input, target);
  return ballast::smooth_l1_loss(input, target, reduction_of(reduction), beta);
}
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossFuncOptions& options) {
  return smooth_l1_loss(input, target, options.reduction(), options.beta());
}

Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberLossFuncOptions& options) {
  warn_of_broadcast(input, target);
  return ballast::huber_loss(input, target, reduction_of(options.reduction()), options.delta());
}

Tensor kl_div(const Tensor& input, const Tensor& target, const KLDivFuncOptions& options) {
  const Reduction reduction = reduction_of(options.reduction());
  Tensor losses;
  if (options.log_target()) {
    losses = target.exp().mul(target.sub(input));
  } else {
    // y log(y) is 0 where y is.
    const Tensor of_target = target.mul(where(target.eq(0), ones({}, target.options()), target).log());
    losses = of_target.sub(target.mul(input));
  }
  if (options.reduction().is(kBatchMean)) {
    const Tensor sum = losses.sum();
    return input.dim() != 0 ? sum.div(input.size(0)) : sum;
  }
  if (reduction == Reduction::kEach) return losses;
  if (reduction == Reduction::kTotal) return losses.sum();
  warn(
      "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' "
      "divides only by the batch size, and aligns with the KL div math definition.'mean' will be changed to "
      "behave the same as 'batchmean' in the next major release.");
  return losses.mean();
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                            const BinaryCrossEntropyFuncOptions& options) {
  check<ShapeError>(target.sizes() == input.sizes(),
                    "Using a target size ({}) that is different to the input size ({}) is deprecated. Please "
                    "ensure they have the same size.",
                    size_text(target), size_text(input));
  return ballast::binary_cross_entropy(input, target, options.weight(), reduction_of(options.reduction()));
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsFuncOptions& options) {
  check<ShapeError>(target.sizes() == input.sizes(), "Target size ({}) must be the same as input size ({})",
                    size_text(target), size_text(input));
  return ballast::binary_cross_entropy_with_logits(input, target, options.weight(), options.pos_weight(),
                                                   reduction_of(options.reduction()));
}

Tensor nll_loss(const Tensor& input, const Tensor& target, const NLLLossFuncOptions& options) {
  return ballast::nll_loss(input, target, options.weight(), reduction_of(options.reduction()),
                           options.ignore_index());
}

Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyFuncOptions& options) {
  return ballast::cross_entropy(input, target, options.weight(), reduction_of(options.reduction()),
                                options.ignore_index(), options.label_smoothing());
}

namespace {

/// `losses` where the target is the given number, else 0.
Tensor where_target(const Tensor& condition, const Tensor& losses) {
  return where(condition, losses, zeros({}, losses.options()));
}

}  // namespace

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target,
                            const HingeEmbeddingLossFuncOptions& options) {
  const Tensor apart = ballast::rsub(input, static_cast<double>(options.margin())).clamp_min(0);
  return reduced(where_target(target.ne(1), apart).add(where_target(target.ne(-1), input)),
                 options.reduction());
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             const CosineEmbeddingLossFuncOptions& options) {
  check<ShapeError>(target.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  check<ShapeError>(input1.dim() == target.dim() + 1 && input2.dim() == target.dim() + 1,
                    "{}D target tensor expects {}D input tensors, but found inputs with sizes {} and {}.",
                    target.dim(), target.dim() + 1, Shown{input1.sizes()}, Shown{input2.sizes()});
  constexpr double kEpsilon = 1e-12;
  const std::int64_t dim = target.dim();
  const Tensor square1 = input1.mul(input1).sum(dim).add(kEpsilon);
  const Tensor square2 = input2.mul(input2).sum(dim).add(kEpsilon);
  const Tensor cosine = input1.mul(input2).sum(dim).div(square1.mul(square2).sqrt());
  const Tensor alike = ballast::rsub(cosine, 1);
  const Tensor apart = cosine.sub(static_cast<double>(options.margin())).clamp_min(0);
  return reduced(where_target(target.eq(1), alike).add(where_target(target.eq(-1), apart)),
                 options.reduction());
}

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           const MarginRankingLossFuncOptions& options) {
  check<ShapeError>(
      input1.dim() == input2.dim() && input1.dim() == target.dim(),
      "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
      "{}, input2: {}, target: {} ",
      size_text(input1), size_text(input2), size_text(target));
  const Tensor missing =
      target.neg().mul(input1.sub(input2)).add(static_cast<double>(options.margin())).clamp_min(0);
  return reduced(missing, options.reduction());
}

Tensor multi_margin_loss(const Tensor& input, const Tensor& target,
                         const MultiMarginLossFuncOptions& options) {
  return ballast::multi_margin_loss(input, target, options.p(), options.margin(), options.weight(),
                                    reduction_of(options.reduction()));
}

Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                              const MultilabelMarginLossFuncOptions& options) {
  return ballast::multilabel_margin_loss(input, target, reduction_of(options.reduction()));
}

Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                   const MultilabelSoftMarginLossFuncOptions& options) {
  const Tensor wanted = target.mul(log_sigmoid(input));
  const Tensor unwanted = ballast::rsub(target, 1).mul(log_sigmoid(input.neg()));
  Tensor losses = wanted.add(unwanted).neg();
  if (options.weight().defined()) losses = losses.mul(options.weight());
  check<ShapeError>(input.dim() > 0, "multilabel_soft_margin_loss: expected input of at least 1 dimension");
  return reduced(losses.sum(-1).div(input.size(-1)), options.reduction());
}

Tensor soft_margin_loss(const Tensor& input, const Tensor& target, const SoftMarginLossFuncOptions& options) {
  return ballast::soft_margin_loss(input, target, reduction_of(options.reduction()));
}

namespace {

/// max(0, margin + d(a, p) - d(a, n)); with swap, d(p, n) counts where it is smaller.
template <class Distance>
Tensor triplet(const Tensor& anchor, const Tensor& positive, const Tensor& negative, const Distance& distance,
               double margin, bool swap, const LossReduction& reduction) {
  check<ShapeError>(anchor.dim() == positive.dim() && anchor.dim() == negative.dim(),
                    "The anchor, positive, and negative tensors are expected to have the same number of "
                    "dimensions, but got: anchor {}D, positive {}D, and negative {}D inputs",
                    anchor.dim(), positive.dim(), negative.dim());
  const Tensor near = distance(anchor, positive);
  Tensor far = distance(anchor, negative);
  if (swap) far = minimum(far, distance(positive, negative));
  return reduced(near.add(margin).sub(far).clamp_min(0), reduction);
}

template <class Options>
void check_margin(const Options& options) {
  check<ValueError>(options.margin() > 0, "margin must be greater than 0, got {}",
                    static_cast<double>(options.margin()));
}

}  // namespace

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginLossFuncOptions& options) {
  check_margin(options);
  const double p = options.p();
  const double eps = options.eps();
  const auto distance = [=](const Tensor& a, const Tensor& b) { return pairwise_distance(a, b, p, eps); };
  return triplet(anchor, positive, negative, distance, options.margin(), options.swap(), options.reduction());
}

Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         const TripletMarginWithDistanceLossFuncOptions& options) {
  check_margin(options);
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return options.distance_function() ? (*options.distance_function())(a, b) : pairwise_distance(a, b);
  };
  return triplet(anchor, positive, negative, distance, options.margin(), options.swap(), options.reduction());
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, const PoissonNLLLossFuncOptions& options) {
  static_cast<void>(reduction_of(options.reduction()));
  const double eps = options.eps();
  Tensor losses =
      options.log_input() ? input.exp().sub(target.mul(input)) : input.sub(target.mul(input.add(eps).log()));
  if (options.full()) {  // Stirling's formula, from 1 on
    const Tensor stirling =
        target.mul(target.log()).sub(target).add(target.mul(2 * std::numbers::pi).log().mul(0.5));
    losses = losses.add(stirling.masked_fill(target.le(1), 0));
  }
  return reduced(losses, options.reduction());
}

namespace {

/// The variance in a shape that broadcasts to that of the input.
Tensor shaped_variance(const Tensor& input, const Tensor& var) {
  if (var.sizes() == input.sizes()) return var;
  if (input.dim() > 0) {
    const auto without_last = input.sizes().slice(0, input.sizes().size() - 1);
    if (var.sizes() == without_last) return var.unsqueeze(-1);
    if (var.dim() == input.dim() && var.size(-1) == 1 &&
        var.sizes().slice(0, var.sizes().size() - 1) == without_last) {
      return var;
    }
  }
  check<ShapeError>(var.dim() == 0, "var is of incorrect size");
  return var;
}

}  // namespace

Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var,
                         const GaussianNLLLossFuncOptions& options) {
  static_cast<void>(reduction_of(options.reduction()));
  const Tensor variance = shaped_variance(input, var).clone();
  check<ValueError>(variance.is_meta() || variance.numel() == 0 || !variance.lt(0).any().item<bool>(),
                    "var has negative entry/entries");
  {
    const NoGradGuard no_grad;  // a limit for the value alone
    variance.clamp_(static_cast<double>(options.eps()));
  }
  const Tensor difference = input.sub(target);
  Tensor losses = variance.log().add(difference.mul(difference).div(variance)).mul(0.5);
  if (options.full()) losses = losses.add(0.5 * std::log(2 * std::numbers::pi));
  return reduced(losses, options.reduction());
}

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CTCLossFuncOptions& options) {
  return ballast::ctc_loss(log_probs, targets, input_lengths, target_lengths, options.blank(),
                           reduction_of(options.reduction()), options.zero_infinity());
}
Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                IntArrayRef target_lengths, const CTCLossFuncOptions& options) {
  return ballast::ctc_loss(log_probs, targets, input_lengths, target_lengths, options.blank(),
                           reduction_of(options.reduction()), options.zero_infinity());
}

}  // namespace ballast::nn::functional
