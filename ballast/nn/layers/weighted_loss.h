// Losses that weigh classes or elements, or hold a layer. Weights are buffers, registered also when absent.
//
//   nn::CrossEntropyLoss loss;
//   nn::CrossEntropyLoss weighted(nn::CrossEntropyLossOptions().weight(w).label_smoothing(0.1));
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ballast/nn/layers/distance.h"
#include "ballast/nn/layers/linear.h"
#include "ballast/nn/layers/loss.h"

namespace ballast::nn {

/// A loss with the buffer weight.
class WeightedLossImpl : public Module {
 public:
  explicit WeightedLossImpl(const Tensor& weight_);
  Tensor weight;
};

/// negative log likelihood of log probabilities
struct NLLLossOptions {
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(std::int64_t, ignore_index) = -100;
  BALLAST_ARG(LossReduction, reduction);
};
class NLLLossImpl : public Cloneable<NLLLossImpl, WeightedLossImpl> {
 public:
  explicit NLLLossImpl(const NLLLossOptions& options_ = {})
      : Cloneable(options_.weight()), options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  NLLLossOptions options;
};
BALLAST_MODULE(NLLLoss);

/// negative log likelihood of logits; targets are classes or probabilities
struct CrossEntropyLossOptions {
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(std::int64_t, ignore_index) = -100;
  BALLAST_ARG(Number, label_smoothing) = 0.0;
  BALLAST_ARG(LossReduction, reduction);
};
class CrossEntropyLossImpl : public Cloneable<CrossEntropyLossImpl, WeightedLossImpl> {
 public:
  explicit CrossEntropyLossImpl(const CrossEntropyLossOptions& options_ = {})
      : Cloneable(options_.weight()), options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  CrossEntropyLossOptions options;
};
BALLAST_MODULE(CrossEntropyLoss);

/// binary cross entropy of probabilities
struct BCELossOptions {
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(LossReduction, reduction);
};
class BCELossImpl : public Cloneable<BCELossImpl, WeightedLossImpl> {
 public:
  explicit BCELossImpl(const BCELossOptions& options_ = {})
      : Cloneable(options_.weight()), options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  BCELossOptions options;
};
BALLAST_MODULE(BCELoss);

/// binary cross entropy of logits; buffers weight and pos_weight
struct BCEWithLogitsLossOptions {
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(Tensor, pos_weight);
  BALLAST_ARG(LossReduction, reduction);
};
class BCEWithLogitsLossImpl : public Cloneable<BCEWithLogitsLossImpl, WeightedLossImpl> {
 public:
  explicit BCEWithLogitsLossImpl(const BCEWithLogitsLossOptions& options_ = {});
  Tensor forward(const Tensor& input, const Tensor& target);
  BCEWithLogitsLossOptions options;
  Tensor pos_weight;
};
BALLAST_MODULE(BCEWithLogitsLoss);

/// binary cross entropy of logits, over classes
struct MultiLabelSoftMarginLossOptions {
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(LossReduction, reduction);
};
class MultiLabelSoftMarginLossImpl : public Cloneable<MultiLabelSoftMarginLossImpl, WeightedLossImpl> {
 public:
  explicit MultiLabelSoftMarginLossImpl(const MultiLabelSoftMarginLossOptions& options_ = {})
      : Cloneable(options_.weight()), options(options_) {}
  Tensor forward(const Tensor& input, const Tensor& target);
  MultiLabelSoftMarginLossOptions options;
};
BALLAST_MODULE(MultiLabelSoftMarginLoss);

/// hinge over classes. ValueError "only p == 1 and p == 2 supported".
struct MultiMarginLossOptions {
  BALLAST_ARG(Tensor, weight);
  BALLAST_ARG(std::int64_t, p) = 1;
  BALLAST_ARG(Number, margin) = 1.0;
  BALLAST_ARG(LossReduction, reduction);
};
class MultiMarginLossImpl : public Cloneable<MultiMarginLossImpl, WeightedLossImpl> {
 public:
  explicit MultiMarginLossImpl(const MultiMarginLossOptions& options_ = {});
  Tensor forward(const Tensor& input, const Tensor& target);
  MultiMarginLossOptions options;
};
BALLAST_MODULE(MultiMarginLoss);

/// As TripletMarginLoss, with any distance of two tensors; without one, the child distance_function, a PairwiseDistance.
struct TripletMarginWithDistanceLossOptions {
  using Distance = std::function<Tensor(const Tensor&, const Tensor&)>;
  BALLAST_ARG(std::optional<Distance>, distance_function);
  BALLAST_ARG(Number, margin) = 1.0;
  BALLAST_ARG(bool, swap) = false;
  BALLAST_ARG(LossReduction, reduction);
};
class TripletMarginWithDistanceLossImpl : public Cloneable<TripletMarginWithDistanceLossImpl> {
 public:
  explicit TripletMarginWithDistanceLossImpl(const TripletMarginWithDistanceLossOptions& options_ = {});
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative);
  TripletMarginWithDistanceLossOptions options;
  PairwiseDistance distance_function{nullptr};
};
BALLAST_MODULE(TripletMarginWithDistanceLoss);

/// A Linear and the cross entropy of its result in one. Child linear; buffer weight.
struct LinearCrossEntropyLossOptions {
  LinearCrossEntropyLossOptions(std::int64_t in_features, std::int64_t num_classes)
      : in_features_(in_features), num_classes_(num_classes) {}
  BALLAST_ARG(std::int64_t, in_features);
  BALLAST_ARG(std::int64_t, num_classes);
  BALLAST_ARG(std::vector<std::int64_t>, out_features);  ///< further dimensions of the result
  BALLAST_ARG(bool, bias) = false;
  BALLAST_ARG(LossReduction, reduction);
  BALLAST_ARG(Tensor, weight);  ///< [num_classes]
  BALLAST_ARG(std::optional<std::int64_t>, ignore_index);
  BALLAST_ARG(Number, label_smoothing) = 0.0;
};
class LinearCrossEntropyLossImpl : public Cloneable<LinearCrossEntropyLossImpl, WeightedLossImpl> {
 public:
  LinearCrossEntropyLossImpl(std::int64_t in_features, std::int64_t num_classes)
      : LinearCrossEntropyLossImpl(LinearCrossEntropyLossOptions(in_features, num_classes)) {}
  explicit LinearCrossEntropyLossImpl(const LinearCrossEntropyLossOptions& options_);
  std::string extra_repr() const override;
  Tensor forward(const Tensor& input, const Tensor& target);
  LinearCrossEntropyLossOptions options;
  Linear linear{nullptr};
};
BALLAST_MODULE(LinearCrossEntropyLoss);

}  // namespace ballast::nn
