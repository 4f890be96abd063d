// A safetensors reader that is slow and obvious: the whole header as a JSON tree, one rule after the other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/core/dtype.h"

namespace ballast::testing {

struct TwinTensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::string bytes;
  friend bool operator==(const TwinTensor&, const TwinTensor&) = default;
};
struct TwinContent {
  std::map<std::string, TwinTensor> tensors;  ///< tied ones too
  std::map<std::string, std::string> texts;
  friend bool operator==(const TwinContent&, const TwinContent&) = default;
};

/// What a file holds, or nothing if it breaks a rule.
[[nodiscard]] std::optional<TwinContent> safetensors_twin(const std::string& file);
/// "F32" of kFloat32.
[[nodiscard]] std::string safetensors_twin_name(DType dtype);

}  // namespace ballast::testing
