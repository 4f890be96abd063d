#include "ballast/checkpoint/save.h"

#include "ballast/checkpoint/formats/gguf.h"
#include "ballast/checkpoint/formats/npy.h"
#include "ballast/checkpoint/formats/npz.h"
#include "ballast/checkpoint/formats/safetensors.h"
#include "ballast/checkpoint/formats/shard_index.h"
#include "ballast/checkpoint/formats/torch_zip.h"

namespace ballast::checkpoint {

FileFormat format_of(const std::filesystem::path& path, const SaveOptions& options) {
  if (options.format != FileFormat::kByName) return options.format;
  std::string name = path.filename().string();
  constexpr std::string_view kIndex = ".index.json";
  if (name.ends_with(kIndex)) name.resize(name.size() - kIndex.size());
  if (name.ends_with(".safetensors")) return FileFormat::kSafetensors;
  if (name.ends_with(".gguf")) return FileFormat::kGguf;
  if (name.ends_with(".npz")) return FileFormat::kNpz;
  if (name.ends_with(".npy")) return FileFormat::kNpy;
  return FileFormat::kTorchZip;
}

void save(const Value& value, const std::filesystem::path& path, const SaveOptions& options) {
  if (options.shard_size > 0) return save_shards(value, path, options);
  check<ValueError>(!path.filename().string().ends_with(".index.json"),
                    "{}: an index of shards comes with shards; say how large they may be (shard_size)",
                    path.string());
  const FileFormat format = format_of(path, options);
  check<ValueError>(
      options.metadata.is_none() || format == FileFormat::kSafetensors || format == FileFormat::kGguf,
      "{}: this format has no place for metadata; safetensors and GGUF have", path.string());
  switch (format) {
    case FileFormat::kSafetensors:
      return save_safetensors(value, path, options);
    case FileFormat::kGguf:
      return save_gguf(value, path, options);
    case FileFormat::kNpz:
      return save_npz(value, path, options);
    case FileFormat::kNpy:
      return save_npy(value, path, options);
    default:
      return save_torch_zip(value, path, options);
  }
}

void save(const StateDict& dict, const std::filesystem::path& path, const SaveOptions& options) {
  save(Value(dict), path, options);
}

}  // namespace ballast::checkpoint
