// Losses as functions, with the options of their layers.
//
//   Tensor loss = F::cross_entropy(logits, classes, F::CrossEntropyFuncOptions().label_smoothing(0.1));
//   Tensor each = F::soft_margin_loss(x, y, kNone);
//
// What each computes: layers/loss.h, layers/weighted_loss.h, ops/loss.h. Where input and target of an elementwise loss differ in
// shape, they broadcast, with a warning: it is often a mistake. ValueError "foo is not a valid value for reduction".
#pragma once

#include "ballast/core/tensor.h"
#include "ballast/nn/layers/loss.h"
#include "ballast/nn/layers/weighted_loss.h"

namespace ballast::nn::functional {

using L1LossFuncOptions = L1LossOptions;
using MSELossFuncOptions = MSELossOptions;
using SmoothL1LossFuncOptions = SmoothL1LossOptions;
using HuberLossFuncOptions = HuberLossOptions;
using KLDivFuncOptions = KLDivLossOptions;
using BinaryCrossEntropyFuncOptions = BCELossOptions;
using BinaryCrossEntropyWithLogitsFuncOptions = BCEWithLogitsLossOptions;
using NLLLossFuncOptions = NLLLossOptions;
using CrossEntropyFuncOptions = CrossEntropyLossOptions;
using HingeEmbeddingLossFuncOptions = HingeEmbeddingLossOptions;
using CosineEmbeddingLossFuncOptions = CosineEmbeddingLossOptions;
using MarginRankingLossFuncOptions = MarginRankingLossOptions;
using MultiMarginLossFuncOptions = MultiMarginLossOptions;
using MultilabelMarginLossFuncOptions = MultiLabelMarginLossOptions;
using MultilabelSoftMarginLossFuncOptions = MultiLabelSoftMarginLossOptions;
using SoftMarginLossFuncOptions = SoftMarginLossOptions;
using TripletMarginLossFuncOptions = TripletMarginLossOptions;
using TripletMarginWithDistanceLossFuncOptions = TripletMarginWithDistanceLossOptions;
using PoissonNLLLossFuncOptions = PoissonNLLLossOptions;
using GaussianNLLLossFuncOptions = GaussianNLLLossOptions;
using CTCLossFuncOptions = CTCLossOptions;

[[nodiscard]] Tensor l1_loss(const Tensor& input, const Tensor& target,
                             const L1LossFuncOptions& options = {});
[[nodiscard]] Tensor mse_loss(const Tensor& input, const Tensor& target,
                              const MSELossFuncOptions& options = {});
[[nodiscard]] Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                                    const SmoothL1LossFuncOptions& options = {});
/// The same with its options one by one.
[[nodiscard]] Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const LossReduction& reduction,
                                    double beta = 1);
[[nodiscard]] Tensor huber_loss(const Tensor& input, const Tensor& target,
                                const HuberLossFuncOptions& options = {});
/// kMean divides by the number of elements, and warns that kBatchMean, which divides by the size of the batch, is the
/// definition.
[[nodiscard]] Tensor kl_div(const Tensor& input, const Tensor& target, const KLDivFuncOptions& options = {});
/// ValueError "Using a target size (torch.Size([2, 3])) that is different to the input size (...) is deprecated. ..."
[[nodiscard]] Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                                          const BinaryCrossEntropyFuncOptions& options = {});
/// ValueError "Target size (torch.Size([5])) must be the same as input size (torch.Size([5, 1]))".
[[nodiscard]] Tensor binary_cross_entropy_with_logits(
    const Tensor& input, const Tensor& target, const BinaryCrossEntropyWithLogitsFuncOptions& options = {});
[[nodiscard]] Tensor nll_loss(const Tensor& input, const Tensor& target,
                              const NLLLossFuncOptions& options = {});
[[nodiscard]] Tensor cross_entropy(const Tensor& input, const Tensor& target,
                                   const CrossEntropyFuncOptions& options = {});
[[nodiscard]] Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target,
                                          const HingeEmbeddingLossFuncOptions& options = {});
/// Of two vectors and one target, or of rows and a vector of targets.
[[nodiscard]] Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                                           const CosineEmbeddingLossFuncOptions& options = {});
[[nodiscard]] Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                                         const MarginRankingLossFuncOptions& options = {});
[[nodiscard]] Tensor multi_margin_loss(const Tensor& input, const Tensor& target,
                                       const MultiMarginLossFuncOptions& options = {});
[[nodiscard]] Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                                            const MultilabelMarginLossFuncOptions& options = {});
[[nodiscard]] Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                                 const MultilabelSoftMarginLossFuncOptions& options = {});
[[nodiscard]] Tensor soft_margin_loss(const Tensor& input, const Tensor& target,
                                      const SoftMarginLossFuncOptions& options = {});
[[nodiscard]] Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         const TripletMarginLossFuncOptions& options = {});
/// The distance is pairwise_distance unless options give one.
[[nodiscard]] Tensor triplet_margin_with_distance_loss(
    const Tensor& anchor, const Tensor& positive, const Tensor& negative,
    const TripletMarginWithDistanceLossFuncOptions& options = {});
[[nodiscard]] Tensor poisson_nll_loss(const Tensor& input, const Tensor& target,
                                      const PoissonNLLLossFuncOptions& options = {});
/// `var`: the shape of input, or without its last dimension, or with size 1 there. ValueError "var is of incorrect size", "var has
/// negative entry/entries".
[[nodiscard]] Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var,
                                       const GaussianNLLLossFuncOptions& options = {});
[[nodiscard]] Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                              const Tensor& target_lengths, const CTCLossFuncOptions& options = {});
[[nodiscard]] Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                              IntArrayRef target_lengths, const CTCLossFuncOptions& options = {});

}  // namespace ballast::nn::functional
