// A folder that holds one model: an index of shards, one file of weights, or a checkpoint of torch.distributed (docs/formats.md).
#pragma once

#include <filesystem>

#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_folder(const std::filesystem::path& folder, const LoadOptions& options);

}  // namespace ballast::checkpoint
