#include "ballast/checkpoint/formats/zip_archive.h"

#include <algorithm>

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/formats/npz.h"
#include "ballast/checkpoint/formats/torch_export.h"
#include "ballast/checkpoint/formats/torch_zip.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

/// The top folder of an archive, with its slash. FormatError if something stands beside it.
std::string root_of(const ZipReader& zip) {
  const auto& entries = zip.entries();
  std::string root(entries.front().name.substr(0, entries.front().name.find('/') + 1));
  if (root.empty()) {
    throw FormatError("a zip archive, but not a PyTorch checkpoint: there is no data.pkl in its top folder",
                      zip.file()->name());
  }
  for (const ZipEntry& e : entries) {
    if (!e.name.starts_with(root)) {
      throw FormatError(fmt::format("a member outside of the archive's top folder {}", shown_name(root)),
                        zip.file()->name(), shown_name(e.name), e.header);
    }
  }
  return root;
}

}  // namespace

Checkpoint load_zip(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  auto zip = std::make_shared<ZipReader>(file, options.limits);
  if (zip->entries().empty()) throw FormatError("an empty zip archive", file->name());
  const auto& entries = zip->entries();
  if (std::all_of(entries.begin(), entries.end(), [](const ZipEntry& e) { return e.name.ends_with(".npy"); }))
    return load_npz(std::move(zip), options);
  if (is_old_torch_export(*zip)) return load_torch_export(std::move(zip), "", options);
  const std::string root = root_of(*zip);
  if (zip->find(root + "archive_format") != nullptr || zip->find(root + "models/model.json") != nullptr)
    return load_torch_export(std::move(zip), root, options);
  if (zip->find(root + "data.pkl") == nullptr) {
    throw FormatError("a zip archive, but not a PyTorch checkpoint: there is no data.pkl in its top folder",
                      file->name());
  }
  const bool script = zip->find(root + "constants.pkl") != nullptr;
  return load_torch_zip(std::move(zip), root, script ? "torchscript" : "torch-zip", options);
}

}  // namespace ballast::checkpoint
