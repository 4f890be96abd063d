// Losses that are operations of their own; those of classes (cross_entropy, nll_loss) stand in ops/softmax.h, and what is
// composed of other operations in nn/functional/loss.h.
//
//   Tensor loss = mse_loss(predicted, wanted);
//   Tensor each = binary_cross_entropy_with_logits(logits, truth, {}, pos_weight, Reduction::kEach);
//
// Input and target broadcast and promote. Floating types; float16 and bfloat16 are computed in float. Sums are kept in double.
#pragma once

#include "ballast/core/tensor.h"
#include "ballast/ops/softmax.h"

namespace ballast {

/// |x - y|.
[[nodiscard]] Tensor l1_loss(const Tensor& self, const Tensor& target,
                             Reduction reduction = Reduction::kAverage);
/// (x - y)^2.
[[nodiscard]] Tensor mse_loss(const Tensor& self, const Tensor& target,
                              Reduction reduction = Reduction::kAverage);
/// (x - y)^2 / (2 beta) where |x - y| < beta, else |x - y| - beta / 2 (Girshick 2015). ValueError for a negative beta.
[[nodiscard]] Tensor smooth_l1_loss(const Tensor& self, const Tensor& target,
                                    Reduction reduction = Reduction::kAverage, double beta = 1);
/// (x - y)^2 / 2 where |x - y| <= delta, else delta (|x - y| - delta / 2) (Huber 1964). ValueError unless delta > 0.
[[nodiscard]] Tensor huber_loss(const Tensor& self, const Tensor& target,
                                Reduction reduction = Reduction::kAverage, double delta = 1);

/// -(y log(x) + (1 - y) log(1 - x)), each logarithm at least -100; weight broadcasts to x. ValueError "all elements of input
/// should be between 0 and 1".
[[nodiscard]] Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight = {},
                                          Reduction reduction = Reduction::kAverage);
/// The same of sigmoid(x), without its limits; pos_weight, which broadcasts to x, multiplies the terms with y.
[[nodiscard]] Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target,
                                                      const Tensor& weight = {},
                                                      const Tensor& pos_weight = {},
                                                      Reduction reduction = Reduction::kAverage);
/// log(1 + exp(-y x)), y 1 or -1.
[[nodiscard]] Tensor soft_margin_loss(const Tensor& self, const Tensor& target,
                                      Reduction reduction = Reduction::kAverage);

/// sum over the other classes j of max(0, margin - x[target] + x[j])^p, over the number of classes; x [N, C] or [C]; p 1 or 2;
/// weighted by weight[target]. IndexError "target out of range".
[[nodiscard]] Tensor multi_margin_loss(const Tensor& self, const Tensor& target, std::int64_t p = 1,
                                       double margin = 1, const Tensor& weight = {},
                                       Reduction reduction = Reduction::kAverage);
/// The same of margin 1, summed over several targets: target has the shape of x, its classes end with the first -1.
[[nodiscard]] Tensor multilabel_margin_loss(const Tensor& self, const Tensor& target,
                                            Reduction reduction = Reduction::kAverage);

/// -log of the probability that a path through log_probs [T, N, C] (or [T, C]), blanks and repeats taken out, reads as the target
/// (connectionist temporal classification, Graves et al. 2006). Targets are [N, S], or one after the other in a vector; kAverage
/// divides each loss by the length of its target first. An impossible target gives infinity, or 0 with zero_infinity.
/// As in PyTorch the gradient is that of the argument of the log_softmax that made log_probs, and cannot be differentiated.
[[nodiscard]] Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                              IntArrayRef target_lengths, std::int64_t blank = 0,
                              Reduction reduction = Reduction::kAverage, bool zero_infinity = false);
/// ValueError "input_lengths must be integral".
[[nodiscard]] Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                              const Tensor& target_lengths, std::int64_t blank = 0,
                              Reduction reduction = Reduction::kAverage, bool zero_infinity = false);

}  // namespace ballast
