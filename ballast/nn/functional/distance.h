// Distances and alikeness as functions: ops/distance.h, with the options of the layers.
#pragma once

#include <optional>

#include "ballast/core/tensor.h"
#include "ballast/nn/layers/distance.h"

namespace ballast::nn::functional {

using CosineSimilarityFuncOptions = CosineSimilarityOptions;
using PairwiseDistanceFuncOptions = PairwiseDistanceOptions;

[[nodiscard]] Tensor cosine_similarity(const Tensor& x1, const Tensor& x2,
                                       const CosineSimilarityFuncOptions& options = {});
[[nodiscard]] Tensor pairwise_distance(const Tensor& x1, const Tensor& x2,
                                       const PairwiseDistanceFuncOptions& options = {});

/// `out`, if given, takes the result too.
struct NormalizeFuncOptions {
  BALLAST_ARG(Number, p) = 2.0;
  BALLAST_ARG(std::int64_t, dim) = 1;
  BALLAST_ARG(Number, eps) = 1e-12;
  BALLAST_ARG(std::optional<Tensor>, out) = std::nullopt;
};
Tensor normalize(const Tensor& input, const NormalizeFuncOptions& options = {});

[[nodiscard]] Tensor one_hot(const Tensor& classes, std::int64_t num_classes = -1);

}  // namespace ballast::nn::functional
