// GGUF files, versions 2 and 3 (docs/formats.md).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_gguf(const std::shared_ptr<InputFile>& file, const LoadOptions& options);

void save_gguf(const Value& value, const std::filesystem::path& path, const SaveOptions& options);

}  // namespace ballast::checkpoint
