#include "ballast/checkpoint/formats/gguf.h"

namespace ballast::checkpoint {

Checkpoint load_gguf(const std::shared_ptr<InputFile>& file, const LoadOptions& /*options*/) {
  throw FormatError("a GGUF file: not read yet", file->name());
}

void save_gguf(const Value& /*value*/, const std::filesystem::path& path, const SaveOptions& /*options*/) {
  throw NotImplementedError(fmt::format("{}: GGUF files are not written yet", path.string()));
}

}  // namespace ballast::checkpoint
