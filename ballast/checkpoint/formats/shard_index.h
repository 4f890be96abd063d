// The index of a sharded set, `*.index.json`: which file holds which tensor (docs/formats.md).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/checkpoint/input_file.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_shard_index(const std::shared_ptr<InputFile>& file, const LoadOptions& options);

void save_shards(const Value& value, const std::filesystem::path& path, const SaveOptions& options);

}  // namespace ballast::checkpoint
