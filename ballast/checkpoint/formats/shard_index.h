// The index of a sharded set, `*.index.json`: which file holds which tensor (docs/formats.md).
//
//   {"metadata": {"total_size": 246824},
//    "weight_map": {"weight": "model-00001-of-00002.safetensors", "bias": "model-00002-of-00002.safetensors"}}
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::checkpoint {

/// All tensors of the set, in the order of the shards' names, each from its own file. FormatError if the shards and the index do not
/// fit together, with what does not.
[[nodiscard]] Checkpoint load_shard_index(const std::shared_ptr<InputFile>& file, const LoadOptions& options);

/// Writes the shards, each through AtomicFile, and the index last. A crash on the way leaves the old index, and may leave
/// new shards under the old names.
void save_shards(const Value& value, const std::filesystem::path& path, const SaveOptions& options);

}  // namespace ballast::checkpoint
