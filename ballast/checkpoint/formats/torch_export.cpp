#include "ballast/checkpoint/formats/torch_export.h"

namespace ballast::checkpoint {

Checkpoint load_torch_export(std::shared_ptr<ZipReader> zip, const std::string& /*root*/,
                             const LoadOptions& /*options*/) {
  throw FormatError("a torch.export archive (.pt2): not read yet", zip->file()->name());
}

}  // namespace ballast::checkpoint
