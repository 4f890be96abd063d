// Checkpoints made for a test, of tensors of given numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ballast/core/tensor.h"

namespace ballast::testing {

/// float32 unless another type is asked for.
[[nodiscard]] Tensor numbers(const std::vector<double>& values, const std::vector<std::int64_t>& sizes,
                             DType dtype = kFloat32);
/// Numbers as a layer with this fan-in begins with: uniform in +-1/sqrt(in). Of one seed, the same.
[[nodiscard]] Tensor layer_weights(std::int64_t out, std::int64_t in, int seed = 1);
/// `t` times `factor`, with single elements replaced.
[[nodiscard]] Tensor edited(const Tensor& t, double factor,
                            const std::vector<std::pair<std::size_t, double>>& changes = {});

/// Saves a state dict as `folder`/`name` and returns the path. Handles of one tensor are tied.
[[nodiscard]] std::string saved(const std::string& folder, const std::string& name,
                                const std::vector<std::pair<std::string, Tensor>>& entries);

}  // namespace ballast::testing
