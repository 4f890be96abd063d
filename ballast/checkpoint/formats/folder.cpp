#include "ballast/checkpoint/formats/folder.h"

namespace ballast::checkpoint {

Checkpoint load_folder(const std::filesystem::path& folder, const LoadOptions& /*options*/) {
  throw FormatError("this is a folder, not a checkpoint file", folder.string());
}

}  // namespace ballast::checkpoint
