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

  AdaptiveLogSoftmaxWithLossOptions options;
  Linear head{nullptr};
  ModuleList tail{nullptr};
};
BALLAST_MODULE(AdaptiveLogSoftmaxWithLoss);

}  // namespace ballast::nn
