// torch.export archives (.pt2): weights as members, described by JSON (docs/formats.md).
#pragma once

#include <memory>
#include <string>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/zip_reader.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_torch_export(std::shared_ptr<ZipReader> zip, const std::string& root,
                                           const LoadOptions& options);

}  // namespace ballast::checkpoint
