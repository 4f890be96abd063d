// The checkpoints under tests/data with what PyTorch found in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace ballast::testing {

struct GoldenCheckpoint {
  std::string name;             ///< of the file, without its folder
  std::string path;             ///< absolute
  std::optional<Json> content;  ///< {"tensors", "shared_storage", "tree"}; none: the file is to be refused
};

/// Of tests/data/checkpoints/zip and tests/data/real.
[[nodiscard]] const std::vector<GoldenCheckpoint>& golden_checkpoints();

/// The name of a tensor of a golden file: its `path` joined with dots.
[[nodiscard]] std::string golden_name(const Json& tensor);

}  // namespace ballast::testing
