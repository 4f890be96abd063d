// torch.export archives (.pt2): weights as members, described by JSON (docs/formats.md).
#pragma once

#include <memory>
#include <string>

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

/// Whether an archive is one of PyTorch 2.1 to 2.7: serialized_state_dict.pt and its like, without a top folder.
[[nodiscard]] bool is_old_torch_export(const ZipReader& zip);

/// `root`: the top folder, with its slash; empty for an old archive.
[[nodiscard]] Checkpoint load_torch_export(std::shared_ptr<ZipReader> zip, const std::string& root,
                                           const LoadOptions& options);

}  // namespace ballast::checkpoint
