#include "ballast/checkpoint/formats/torch_legacy.h"

namespace ballast::checkpoint {

Checkpoint load_torch_legacy(const std::shared_ptr<InputFile>& file, const LoadOptions& /*options*/) {
  throw FormatError("a legacy (pre-1.6) PyTorch file: not read yet", file->name());
}

}  // namespace ballast::checkpoint
