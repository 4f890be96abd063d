// The files that torch.save wrote before PyTorch 1.6: pickles one after the other, then the storages (docs/formats.md).
#pragma once

#include <memory>
#include <string>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_torch_legacy(const std::shared_ptr<InputFile>& file,
                                           const LoadOptions& options);

}  // namespace ballast::checkpoint
