// How the parameter containers print what they hold.
#pragma once

#include <string>

#include "ballast/core/tensor.h"

namespace ballast::nn {

/// `  (key): Parameter containing: [torch.float32 of size 2x3]`, with `type` as given.
[[nodiscard]] std::string parameter_line(const std::string& key, const Tensor& value,
                                         const std::string& type);
/// PyTorch's old name of a tensor's type: torch.FloatTensor, torch.meta.HalfTensor.
[[nodiscard]] std::string legacy_type_name(const Tensor& value);

}  // namespace ballast::nn
