// The tar archives that torch.save wrote before PyTorch 0.1.2 (docs/formats.md).
#pragma once

#include <memory>
#include <string>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_torch_tar(const std::shared_ptr<InputFile>& file, const LoadOptions& options);

}  // namespace ballast::checkpoint
