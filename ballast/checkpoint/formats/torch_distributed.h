// The folders that torch.distributed.checkpoint writes: a pickle `.metadata` that says what stands where, and files with the
// pieces of the tensors (docs/formats.md).
#pragma once

#include <filesystem>

#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

/// Whether a folder has the file `.metadata` of such a checkpoint.
[[nodiscard]] bool is_distributed_folder(const std::filesystem::path& folder);

[[nodiscard]] Checkpoint load_distributed(const std::filesystem::path& folder, const LoadOptions& options);

}  // namespace ballast::checkpoint
