#include "ballast/checkpoint/formats/npz.h"

namespace ballast::checkpoint {

Checkpoint load_npz(std::shared_ptr<ZipReader> zip, const LoadOptions& /*options*/) {
  throw FormatError("a NumPy .npz archive: not read yet", zip->file()->name());
}

void save_npz(const Value& /*value*/, const std::filesystem::path& path, const SaveOptions& /*options*/) {
  throw NotImplementedError(fmt::format("{}: .npz files are not written yet", path.string()));
}

}  // namespace ballast::checkpoint
