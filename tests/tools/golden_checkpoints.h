// The checkpoints under tests/data with what PyTorch found in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace ballast::testing {

struct GoldenCheckpoint {
  std::string name;    ///< of the file, without its folder
  std::string path;    ///< absolute
  std::string format;  ///< as `show` names it
  std::optional<Json>
      content;                 ///< {"tensors", "shared_storage", "tree"}; none: the file holds a whole module
  std::optional<Json> module;  ///< what its state dict is: {"tensors", ...}
};

/// Of tests/data/checkpoints/zip and legacy, and tests/data/real.
[[nodiscard]] const std::vector<GoldenCheckpoint>& golden_checkpoints();

/// The name of a tensor of a golden file: its `path` joined with dots.
[[nodiscard]] std::string golden_name(const Json& tensor);

}  // namespace ballast::testing
