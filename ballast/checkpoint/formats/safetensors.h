// safetensors files (docs/formats.md).
//
// A file holds names and tensors, and strings beside them, and no sharing. Names that were tied when it was written stand among
// the strings, as `safetensors.torch.save_model` has it: each name that was left out, with the name of the tensor that
// it is. Reading gives them back as tensors on one storage; they are no longer among the strings then.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"

namespace ballast::checkpoint {

/// The tree is an OrderedDict in the order of the tensors' bytes, tied names last.
[[nodiscard]] Checkpoint load_safetensors(const std::shared_ptr<InputFile>& file, const LoadOptions& options);

/// Writes mappings and sequences whose only leaves are dense tensors, under their names in `Checkpoint::tensors()`; for what else
/// stands in the tree, ValueError with its name.
void save_safetensors(const Value& value, const std::filesystem::path& path, const SaveOptions& options);

}  // namespace ballast::checkpoint
