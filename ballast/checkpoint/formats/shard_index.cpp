#include "ballast/checkpoint/formats/shard_index.h"

namespace ballast::checkpoint {

Checkpoint load_shard_index(const std::shared_ptr<InputFile>& file, const LoadOptions& /*options*/) {
  throw FormatError("an index of shards: not read yet", file->name());
}

void save_shards(const Value& /*value*/, const std::filesystem::path& path, const SaveOptions& /*options*/) {
  throw NotImplementedError(fmt::format("{}: sharded files are not written yet", path.string()));
}

}  // namespace ballast::checkpoint
