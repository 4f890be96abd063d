#include "ballast/checkpoint/formats/torch_distributed.h"

namespace ballast::checkpoint {

bool is_distributed_folder(const std::filesystem::path& folder) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(folder / ".metadata", unknown);
}

Checkpoint load_distributed(const std::filesystem::path& folder, const LoadOptions& /*options*/) {
  throw FormatError("a checkpoint of torch.distributed: not read yet", folder.string());
}

}  // namespace ballast::checkpoint
