// The zip files that torch.save writes since PyTorch 1.6 (docs/formats.md).
#pragma once

#include <memory>

#include "ballast/checkpoint/input_file.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_torch_zip(const std::shared_ptr<InputFile>& file, const LoadOptions& options);

}  // namespace ballast::checkpoint
