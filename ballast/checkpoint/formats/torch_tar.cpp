#include "ballast/checkpoint/formats/torch_tar.h"

namespace ballast::checkpoint {

Checkpoint load_torch_tar(const std::shared_ptr<InputFile>& file, const LoadOptions& /*options*/) {
  throw FormatError("a tar archive (a legacy PyTorch file, perhaps): not read yet", file->name());
}

}  // namespace ballast::checkpoint
