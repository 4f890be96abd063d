// What a zip archive is: a checkpoint of torch.save, a TorchScript or torch.export archive, a set of NumPy arrays.
#pragma once

#include <memory>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/load.h"

namespace ballast::checkpoint {

[[nodiscard]] Checkpoint load_zip(const std::shared_ptr<InputFile>& file, const LoadOptions& options);

}  // namespace ballast::checkpoint
