#include "ballast/checkpoint/formats/npy.h"

namespace ballast::checkpoint {

Checkpoint load_npy(const std::shared_ptr<InputFile>& file, const LoadOptions& /*options*/) {
  throw FormatError("a NumPy .npy file: not read yet", file->name());
}

void save_npy(const Value& /*value*/, const std::filesystem::path& path, const SaveOptions& /*options*/) {
  throw NotImplementedError(fmt::format("{}: .npy files are not written yet", path.string()));
}

}  // namespace ballast::checkpoint
