// A folder that holds one model: an index of shards, one file of weights, or a checkpoint of torch.distributed (docs/formats.md).
#pragma once

#include <filesystem>

#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

/// Which file of the folder is the model: `.metadata` makes it a checkpoint of torch.distributed; else `model.safetensors` or its
/// index, `pytorch_model.bin` or its index, the only other index, the only file of weights. FormatError, with the names, where
/// several could be meant.
[[nodiscard]] Checkpoint load_folder(const std::filesystem::path& folder, const LoadOptions& options);

}  // namespace ballast::checkpoint
