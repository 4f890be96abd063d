// Distances between vectors.
//
//   nn::PairwiseDistance d(1);                                // the L1 norm of x1 - x2
#pragma once

#include <cstdint>

#include "ballast/nn/cloneable.h"
#include "ballast/nn/module_holder.h"
#include "ballast/nn/options.h"

namespace ballast::nn {

/// The cosine of the angle between two vectors along `dim`.
struct CosineSimilarityOptions {
  BALLAST_ARG(std::int64_t, dim) = 1;
  BALLAST_ARG(Number, eps) = 1e-8;  ///< least length of a vector
};
class CosineSimilarityImpl : public Cloneable<CosineSimilarityImpl> {
 public:
  explicit CosineSimilarityImpl(const CosineSimilarityOptions& options_ = {}) : options(options_) {}
  explicit CosineSimilarityImpl(std::int64_t dim, Number eps = 1e-8)
      : options(CosineSimilarityOptions().dim(dim).eps(eps)) {}
  Tensor forward(const Tensor& x1, const Tensor& x2);
  CosineSimilarityOptions options;
};
BALLAST_MODULE(CosineSimilarity);

/// The p-norm of x1 - x2 + eps over the last dimension.
struct PairwiseDistanceOptions {
  BALLAST_ARG(Number, p) = 2.0;
  BALLAST_ARG(Number, eps) = 1e-6;
  BALLAST_ARG(bool, keepdim) = false;
};
class PairwiseDistanceImpl : public Cloneable<PairwiseDistanceImpl> {
 public:
  explicit PairwiseDistanceImpl(const PairwiseDistanceOptions& options_ = {}) : options(options_) {}
  explicit PairwiseDistanceImpl(Number p, Number eps = 1e-6, bool keepdim = false)
      : options(PairwiseDistanceOptions().p(p).eps(eps).keepdim(keepdim)) {}
  Tensor forward(const Tensor& x1, const Tensor& x2);
  PairwiseDistanceOptions options;
};
BALLAST_MODULE(PairwiseDistance);

}  // namespace ballast::nn
