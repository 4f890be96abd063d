#include "ballast/checkpoint/formats/torch_inside.h"

#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/formats/torch_zip.h"

namespace ballast::checkpoint {

Checkpoint load_torch_inside(const std::shared_ptr<InputFile>& part, const LoadOptions& options) {
  constexpr std::string_view kZip = "PK\3\4";
  std::string head(kZip.size(), '\0');
  if (part->size() >= head.size()) part->read(0, head.data(), head.size());
  if (head != kZip) throw FormatError("no zip archive of torch.save, which should stand here", part->name());
  auto zip = std::make_shared<ZipReader>(part, options.limits);
  const std::string_view first = zip->entries().empty() ? std::string_view() : zip->entries().front().name;
  const std::string root(first.substr(0, first.find('/') + 1));
  if (zip->find(root + "data.pkl") == nullptr) {
    throw FormatError("a zip archive, but not one of torch.save: there is no data.pkl in its top folder",
                      part->name());
  }
  return load_torch_zip(std::move(zip), root, "torch-zip", options);
}

Value TorchInside::load(const std::shared_ptr<InputFile>& part, std::string_view name) {
  LoadOptions inner_options = options_;
  inner_options.dtype = std::nullopt;  // that is done once, for the whole tree
  if (!name.empty()) inner_options.progress = {};
  const auto count = [&](std::string_view inner) {
    ++made_.tensors;
    made_.text_bytes += name.size() + 1 + inner.size();
  };
  if (options_.filter) {
    inner_options.filter = [&](std::string_view inner) {
      count(inner);
      if (name.empty() || inner.empty()) return options_.filter(name.empty() ? inner : name);
      return options_.filter(fmt::format("{}.{}", name, inner));
    };
  }
  const Checkpoint c = load_torch_inside(part, inner_options);
  if (!options_.filter) {
    for (const NamedTensor& t : c.tensors()) count(t.name);
  }
  builder_.adopt(c);
  without_checksum_ += c.members_without_checksum();
  return c.root();
}

}  // namespace ballast::checkpoint
