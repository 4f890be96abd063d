// The zip files that torch.save writes since PyTorch 1.6, and TorchScript archives, which keep their tensors the same way and
// whose code is not looked at (docs/formats.md).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::checkpoint {

/// `root`: the top folder, with its slash, in which data.pkl stands.
[[nodiscard]] Checkpoint load_torch_zip(std::shared_ptr<ZipReader> zip, const std::string& root,
                                        std::string_view format, const LoadOptions& options);

void save_torch_zip(const Value& value, const std::filesystem::path& path, const SaveOptions& options);

}  // namespace ballast::checkpoint
