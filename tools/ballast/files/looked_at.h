// A file whose tensors are looked into: what `stats`, `check`, `diff` and `hist` open.
//
//   const LookedAt file = look_at("model.pth", common.filter);
//   for (const auto& row : file.listing.rows) ...
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {

struct LookedAt {
  std::string path;  ///< as it was given
  std::unique_ptr<const checkpoint::Checkpoint> checkpoint;
  inspect::TensorListing listing;
};

/// Opens a checkpoint. Errors are those of `load`; KeyError if no tensor's name matches the filter.
[[nodiscard]] LookedAt look_at(const std::string& path, const std::optional<std::string>& filter);

/// What it holds, read no further: its tensors are on meta.
[[nodiscard]] LookedAt look_at_names(const std::string& path);
/// The tensors of this name only: of a file whose tensors have to be read into memory, no other is.
[[nodiscard]] LookedAt look_at_tensor(const std::string& path, const std::string& name);

/// The one tensor of this name. KeyError, naming those that are nearest, if there is none.
[[nodiscard]] const inspect::TensorRow& find_tensor(const LookedAt& file, const std::string& name);

/// "torch-zip, 28 tensors, 5,156 parameters".
[[nodiscard]] std::string summary_of(const LookedAt& file);

}  // namespace ballast::tool
