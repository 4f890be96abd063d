// Softmax over many classes, the rare ones in clusters with fewer features (Grave et al. 2017).
//
//   nn::AdaptiveLogSoftmaxWithLoss out(nn::AdaptiveLogSoftmaxWithLossOptions(64, 10000, {100, 1000}));
//
// Children: head, a Linear to the frequent classes and one output a cluster; tail, for each cluster a Sequential of two
// Linear without bias, of in_features / div_value^(i + 1) features between them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/containers/module_list.h"
#include "ballast/nn/layers/linear.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

struct AdaptiveLogSoftmaxWithLossOptions {
  AdaptiveLogSoftmaxWithLossOptions(std::int64_t in_features, std::int64_t n_classes,
                                    std::vector<std::int64_t> cutoffs)
      : in_features_(in_features), n_classes_(n_classes), cutoffs_(std::move(cutoffs)) {}
  BALLAST_ARG(std::int64_t, in_features);
  BALLAST_ARG(std::int64_t, n_classes);
  BALLAST_ARG(std::vector<std::int64_t>, cutoffs);  ///< where each cluster of classes begins
  BALLAST_ARG(Number, div_value) = 4.0;
  BALLAST_ARG(bool, head_bias) = false;
};

/// A tensor of one element that is also its value.
class LossTensor : public Tensor {
 public:
  LossTensor() = default;
  explicit LossTensor(Tensor t) : Tensor(std::move(t)) {}
  operator double() const { return item<double>(); }  // NOLINT(*-explicit-*)
};

/// The log probability of each target, and the mean of their negatives.
struct ASMoutput {
  Tensor output;
  LossTensor loss;
};

/// ValueError unless the cutoffs increase strictly within [1, n_classes - 1].
class AdaptiveLogSoftmaxWithLossImpl : public Cloneable<AdaptiveLogSoftmaxWithLossImpl> {
 public:
  AdaptiveLogSoftmaxWithLossImpl(std::int64_t in_features, std::int64_t n_classes,
                                 std::vector<std::int64_t> cutoffs)
      : AdaptiveLogSoftmaxWithLossImpl(
            AdaptiveLogSoftmaxWithLossOptions(in_features, n_classes, std::move(cutoffs))) {}
  explicit AdaptiveLogSoftmaxWithLossImpl(const AdaptiveLogSoftmaxWithLossOptions& options_);
  void reset() override;
  void reset_parameters();

  /// input [N, in_features] or [in_features]; target [N] or a number, int64. IndexError "target values should be in [0, n_classes
  /// - 1], but values in range [-1, 7] were found. "
  ASMoutput forward(const Tensor& input, const Tensor& target);
  /// The log probabilities of all classes: [N, n_classes].
  Tensor log_prob(const Tensor& input);
  /// The most probable class of each row.
  Tensor predict(const Tensor& input);

  AdaptiveLogSoftmaxWithLossOptions options;
  Linear head{nullptr};
  ModuleList tail{nullptr};

 private:
  /// Frequent classes, each an output of the head.
  [[nodiscard]] std::int64_t shortlist() const { return options.cutoffs().front(); }
  [[nodiscard]] Tensor cluster_log_prob(std::size_t cluster, const Tensor& input);
  [[nodiscard]] Tensor full_log_prob(const Tensor& input, const Tensor& head_output);
};
BALLAST_MODULE(AdaptiveLogSoftmaxWithLoss);

}  // namespace ballast::nn
