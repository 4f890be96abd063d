// Sets of NumPy arrays: zip archives of .npy files (docs/formats.md).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_npz(std::shared_ptr<ZipReader> zip, const LoadOptions& options);

void save_npz(const Value& value, const std::filesystem::path& path, const SaveOptions& options);

}  // namespace ballast::checkpoint
