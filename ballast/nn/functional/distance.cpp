#include "ballast/nn/functional/distance.h"

#include "ballast/ops/distance.h"

namespace ballast::nn::functional {

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, const CosineSimilarityFuncOptions& options) {
  return ballast::cosine_similarity(x1, x2, options.dim(), options.eps());
}

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, const PairwiseDistanceFuncOptions& options) {
  return ballast::pairwise_distance(x1, x2, options.p(), options.eps(), options.keepdim());
}

Tensor normalize(const Tensor& input, const NormalizeFuncOptions& options) {
  Tensor result = ballast::normalize(input, options.p(), options.dim(), options.eps());
  if (!options.out()) return result;
  options.out()->copy_(result);
  return *options.out();
}

Tensor one_hot(const Tensor& classes, std::int64_t num_classes) {
  return ballast::one_hot(classes, num_classes);
}

}  // namespace ballast::nn::functional
