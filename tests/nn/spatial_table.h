// The golden cases of convolutions, pooling, normalisation, padding, interpolation and folds
// (tests/data/nn/spatial.jsonl), and how
// each is run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/golden.h"

#include "ballast/core/tensor.h"

namespace ballast::testing {

using Tensors = std::vector<Tensor>;

/// The numbers that the cases are computed from: see tests/data/gen/spatialfix.py.
[[nodiscard]] Tensor numbers(IntArrayRef sizes, std::int64_t seed, bool positive, DType dtype);

struct SpatialCase {
  Json json;
  std::string op;
  std::function<Tensors(const Tensors&)> run;  ///< from the inputs, those that are absent undefined

  [[nodiscard]] std::string name() const { return json.dump().substr(0, 200); }
  /// Inputs of a type, which require grad unless the case fixes them.
  [[nodiscard]] Tensors inputs(DType dtype) const;
  /// Those among them that get a gradient.
  [[nodiscard]] static Tensors wanted(const Tensors& inputs);
};

/// All but those of layers.
[[nodiscard]] std::vector<SpatialCase> spatial_cases();
/// A kept array: "results", "grads" or "after" of a case.
[[nodiscard]] std::vector<Tensor> kept(const Json& json, const char* key);

/// The largest difference, relative to the largest magnitude (or to 1 if that is smaller). Infinite where
/// shapes differ.
[[nodiscard]] double difference(const Tensor& a, const Tensor& golden);

}  // namespace ballast::testing
