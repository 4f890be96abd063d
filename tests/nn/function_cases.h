// The golden cases of nn::functional (tests/data/functions): how to call the function of a case.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/golden.h"

#include "ballast/core/tensor.h"

namespace ballast::testing {

using Inputs = std::map<std::string, Tensor>;

/// Calls the function of a case on `inputs`; options are those of the case.
[[nodiscard]] Tensor call_function(const Json& c, const Inputs& inputs);

/// {"dtype", "shape", "hex"} as a tensor.
[[nodiscard]] Tensor tensor_of(const Json& t);

/// All cases. The inputs of a case in the given floating type.
[[nodiscard]] const std::vector<Json>& function_cases();
[[nodiscard]] Inputs inputs_of(const Json& c, DType dtype);
/// A line that says which case it is.
[[nodiscard]] std::string describe(const Json& c);

}  // namespace ballast::testing
