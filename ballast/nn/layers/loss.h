// Losses without weights of their own.
//
//   nn::MSELoss loss;
//   nn::SmoothL1Loss robust(nn::SmoothL1LossOptions().reduction(kSum).beta(0.5));
//
// reduction: kMean (the default), kSum, or kNone, which keeps the loss of every element. Losses with weights:
// layers/weighted_loss.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/enums.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

using LossReduction = Choice<enumtype::kMean, enumtype::kSum, enumtype::kNone>;

/// Losses that only need to know how to reduce.
struct PlainLossOptions {
  PlainLossOptions(LossReduction reduction = {})
      : reduction_(std::move(reduction)) {}  // NOLINT(*-explicit-*)
  template <class R>
  requires std::constructible_from<LossReduction, R> PlainLossOptions(R reduction)
      : reduction_(reduction) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(LossReduction, reduction);
};
using L1LossOptions = PlainLossOptions;
using MSELossOptions = PlainLossOptions;
using SoftMarginLossOptions = PlainLossOptions;
using MultiLabelMarginLossOptions = PlainLossOptions;
class PlainLossImpl : public Module {
 public:
  explicit PlainLossImpl(const PlainLossOptions& options_ = {}) : options(options_) {}
  PlainLossOptions options;
};
/// |x - y|
class L1LossImpl : public Cloneable<L1LossImpl, PlainLossImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input, const Tensor& target);
};
/// (x - y)^2
class MSELossImpl : public Cloneable<MSELossImpl, PlainLossImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input, const Tensor& target);
};
/// log(1 + exp(-y x))
class SoftMarginLossImpl : public Cloneable<SoftMarginLossImpl, PlainLossImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input, const Tensor& target);
};
/// hinge over pairs of a wanted and an unwanted class
class MultiLabelMarginLossImpl : public Cloneable<MultiLabelMarginLossImpl, PlainLossImpl> {
 public:
  using Cloneable::Cloneable;
  Tensor forward(const Tensor& input, const Tensor& target);
};
BALLAST_MODULE(L1Loss);
BALLAST_MODULE(MSELoss);
BALLAST_MODULE(SoftMarginLoss);
BALLAST_MODULE(MultiLabelMarginLoss);

/// y log(y / x); kBatchMean divides by the batch's size alone.
using KLDivReduction = Choice<enumtype::kMean, enumtype::kBatchMean, enumtype::kSum, enumtype::kNone>;
struct KLDivLossOptions {
  BALLAST_ARG(KLDivReduction, reduction);
  BALLAST_ARG(bool, log_target) = false;  ///< whether the target is given as its logarithm
};
class KLDivLossImpl : public Cloneable<KLDivLossImpl> {
 public:
  explicit KLDivLossImpl(const KLDivLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  KLDivLossOptions options;
};
BALLAST_MODULE(KLDivLoss);

/// x for targets 1, max(0, margin - x) for targets -1
struct HingeEmbeddingLossOptions {
  BALLAST_ARG(Number, margin) = 1.0;
  BALLAST_ARG(LossReduction, reduction);
};
class HingeEmbeddingLossImpl : public Cloneable<HingeEmbeddingLossImpl> {
 public:
  explicit HingeEmbeddingLossImpl(const HingeEmbeddingLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  HingeEmbeddingLossOptions options;
};
BALLAST_MODULE(HingeEmbeddingLoss);

/// by the cosine of two vectors, which should be alike (target 1) or not (-1)
struct CosineEmbeddingLossOptions {
  BALLAST_ARG(Number, margin) = 0.0;
  BALLAST_ARG(LossReduction, reduction);
};
class CosineEmbeddingLossImpl : public Cloneable<CosineEmbeddingLossImpl> {
 public:
  explicit CosineEmbeddingLossImpl(const CosineEmbeddingLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target);
  CosineEmbeddingLossOptions options;
};
BALLAST_MODULE(CosineEmbeddingLoss);

/// max(0, -y (x1 - x2) + margin)
struct MarginRankingLossOptions {
  BALLAST_ARG(Number, margin) = 0.0;
  BALLAST_ARG(LossReduction, reduction);
};
class MarginRankingLossImpl : public Cloneable<MarginRankingLossImpl> {
 public:
  explicit MarginRankingLossImpl(const MarginRankingLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target);
  MarginRankingLossOptions options;
};
BALLAST_MODULE(MarginRankingLoss);

/// squared below beta, absolute above (Girshick 2015)
struct SmoothL1LossOptions {
  BALLAST_ARG(Number, beta) = 1.0;
  BALLAST_ARG(LossReduction, reduction);
};
class SmoothL1LossImpl : public Cloneable<SmoothL1LossImpl> {
 public:
  explicit SmoothL1LossImpl(const SmoothL1LossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  SmoothL1LossOptions options;
};
BALLAST_MODULE(SmoothL1Loss);

/// squared below delta, absolute above (Huber 1964)
struct HuberLossOptions {
  BALLAST_ARG(Number, delta) = 1.0;
  BALLAST_ARG(LossReduction, reduction);
};
class HuberLossImpl : public Cloneable<HuberLossImpl> {
 public:
  explicit HuberLossImpl(const HuberLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  HuberLossOptions options;
};
BALLAST_MODULE(HuberLoss);

/// negative log likelihood of a Poisson distribution
struct PoissonNLLLossOptions {
  BALLAST_ARG(bool, log_input) = true;
  BALLAST_ARG(bool, full) = false;
  BALLAST_ARG(Number, eps) = 1e-8;
  BALLAST_ARG(LossReduction, reduction);
};
class PoissonNLLLossImpl : public Cloneable<PoissonNLLLossImpl> {
 public:
  explicit PoissonNLLLossImpl(const PoissonNLLLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  PoissonNLLLossOptions options;
};
BALLAST_MODULE(PoissonNLLLoss);

/// negative log likelihood of a normal distribution (Nix & Weigend 1994)
struct GaussianNLLLossOptions {
  BALLAST_ARG(bool, full) = false;
  BALLAST_ARG(Number, eps) = 1e-6;
  BALLAST_ARG(LossReduction, reduction);
};
class GaussianNLLLossImpl : public Cloneable<GaussianNLLLossImpl> {
 public:
  explicit GaussianNLLLossImpl(const GaussianNLLLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target, const Tensor& var);
  GaussianNLLLossOptions options;
};
BALLAST_MODULE(GaussianNLLLoss);

/// connectionist temporal classification (Graves et al. 2006)
struct CTCLossOptions {
  BALLAST_ARG(std::int64_t, blank) = 0;
  BALLAST_ARG(bool, zero_infinity) = false;
  BALLAST_ARG(LossReduction, reduction);
};
class CTCLossImpl : public Cloneable<CTCLossImpl> {
 public:
  explicit CTCLossImpl(const CTCLossOptions& options_ = {}) : options(options_) {}
  Tensor forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths);
  Tensor forward(const Tensor& log_probs, const Tensor& targets, IntArrayRef input_lengths,
                 IntArrayRef target_lengths);
  CTCLossOptions options;
};
BALLAST_MODULE(CTCLoss);

/// max(0, d(a, p) - d(a, n) + margin) (Balntas et al. 2016). ValueError unless margin > 0.
struct TripletMarginLossOptions {
  BALLAST_ARG(Number, margin) = 1.0;
  BALLAST_ARG(Number, p) = 2.0;
  BALLAST_ARG(Number, eps) = 1e-6;
  BALLAST_ARG(bool, swap) = false;
  BALLAST_ARG(LossReduction, reduction);
};
class TripletMarginLossImpl : public Cloneable<TripletMarginLossImpl> {
 public:
  explicit TripletMarginLossImpl(const TripletMarginLossOptions& options_ = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative);
  TripletMarginLossOptions options;
};
BALLAST_MODULE(TripletMarginLoss);

}  // namespace ballast::nn
