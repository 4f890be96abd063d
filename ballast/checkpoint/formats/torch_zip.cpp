#include "ballast/checkpoint/formats/torch_zip.h"

#include <algorithm>
#include <charconv>

#include "ballast/checkpoint/archives/archive_members.h"
#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/checkpoint/pickle/storage_ids.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kSmallRecord = 64;
constexpr std::uint64_t kOldestVersion = 1;
constexpr std::uint64_t kNewestVersion = 10;

class TorchZip {
 public:
  TorchZip(std::shared_ptr<ZipReader> zip, std::string root, std::string_view format,
           const LoadOptions& options)
      : options_(options),
        file_(zip->file()),
        zip_(zip),
        members_(std::move(zip), options),
        root_(std::move(root)),
        builder_(file_->name(), format, options) {}

  Checkpoint load() {
    check_version();
    read_byte_order();
    check_small_records();

    // What a TorchScript program's constants are is no part of the tree, but it must be as harmless.
    if (const ZipEntry* constants = zip_->find(root_ + "constants.pkl")) {
      const IntrusivePtr<Arena> apart = TreeArena::make();
      static_cast<void>(read_tree(TreeArena::of(apart), *constants, "constants/"));
    }
    const ZipEntry& entry = *zip_->find(root_ + "data.pkl");
    IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    Node* root = read_tree(tree, entry, "data/");
    const std::size_t made = tree.tensor_count();
    builder_.set_root({std::move(arena), root});
    builder_.read({.text_bytes = entry.size, .tensors = made});
    members_.verify();
    members_.report(builder_);
    return builder_.take();
  }

 private:
  Node* read_tree(TreeArena& tree, const ZipEntry& entry, std::string_view folder) {
    check<LimitError>(entry.size <= options_.limits.pickle_bytes,
                      "{}: {}: {} bytes, the limit (pickle_bytes) is {}", file_->name(),
                      shown_name(entry.name), entry.size, options_.limits.pickle_bytes);
    const auto pickle = std::make_shared<const std::string>(members_.read(entry));
    tree.keep(pickle);
    folder_ = folder;
    return run_pickle(tree,
                      {.bytes = *pickle,
                       .place = {file_->name(), shown_name(entry.name)},
                       .limits = options_.limits,
                       .file_size = file_->size(),
                       .refuse_objects = options_.refuse_objects,
                       .bytes_of = [this](const Storage& s) { return builder_.bytes_of(s); }},
                      [&](Node* id) { return storage_of(tree, id); });
  }

  struct FoundStorage {
    Storage storage;
    std::string_view location, type;
  };

  /// A record that is a decimal number, and nothing else.
  std::uint64_t read_number(const ZipEntry& e, std::string_view what) {
    std::string text = e.size <= kSmallRecord ? members_.read(e) : std::string();
    text.erase(text.find_last_not_of(" \r\n") + 1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
      zip_->fail(e, fmt::format("the {} is no number", what));
    return number;
  }

  void check_version() {
    const ZipEntry* e = zip_->find(root_ + "version");
    if (e == nullptr) e = zip_->find(root_ + ".data/version");
    if (e == nullptr)
      throw FormatError("no version record: not a PyTorch checkpoint, or a damaged one", file_->name());
    const std::uint64_t version = read_number(*e, "version");
    if (version < kOldestVersion || version > kNewestVersion) {
      zip_->fail(*e, fmt::format("version {} of the format: {} to {} are read", version, kOldestVersion,
                                 kNewestVersion));
    }
  }

  void read_byte_order() {
    const ZipEntry* e = zip_->find(root_ + "byteorder");
    if (e == nullptr) return;  // before PyTorch 2.1: little
    const std::string text = e->size <= kSmallRecord ? members_.read(*e) : std::string();
    if (text != "little" && text != "big") zip_->fail(*e, "the byte order should be 'little' or 'big'");
    big_endian_ = text == "big";
  }

  /// Records that mean nothing here, but cost nothing to check: what is wrong with them may be wrong with others.
  void check_small_records() {
    const auto find = [&](std::string_view name) { return zip_->find(root_ + std::string(name)); };
    if (const ZipEntry* e = find(".format_version")) static_cast<void>(read_number(*e, "format version"));
    if (const ZipEntry* e = find(".storage_alignment")) {
      static_cast<void>(read_number(*e, "alignment of storages"));
    }
    const ZipEntry* e = find(".data/serialization_id");
    if (e != nullptr && e->size <= kSmallRecord && !is_utf8(members_.read(*e))) {
      zip_->fail(*e, "the serialization id is no text");
    }
  }

  Node* storage_of(TreeArena& tree, const Node* id) {
    const StorageId named = storage_id(id, StorageIdForm::kZip);
    const FoundStorage& s = find_storage(named.key, named.location, *named.type, named.bytes);
    return tree.storage({s.storage, named.key, named.location, named.type->name, named.type->dtype});
  }

  const FoundStorage& find_storage(std::string_view key, std::string_view location, const GlobalName& type,
                                   std::uint64_t bytes) {
    if (key.empty() || key.find('/') != std::string_view::npos) {
      throw FormatError(fmt::format("'{}' cannot be the key of a storage", shown_name(key)));
    }
    member_.assign(root_).append(folder_).append(key);
    const ZipEntry* e = zip_->find(member_);
    if (e == nullptr) {
      throw FormatError(fmt::format("the storage '{}' is not in the file: no member {}", shown_name(key),
                                    shown_name(member_)));
    }
    check_size(*e, bytes);
    std::uint32_t& position = position_[members_.position(*e)];
    if (position != ProbeTable::kNone) {
      const FoundStorage& found = storages_[position].second;
      // PyTorch would give the second the type of the first, without a word.
      if (found.type != type.name) {
        throw FormatError(fmt::format("the storage '{}' has the type {} here, and had {} before",
                                      shown_name(key), type.name, found.type));
      }
      return found;
    }
    position = static_cast<std::uint32_t>(storages_.size());
    return storages_.emplace_back(key, FoundStorage{open(key, location, *e, type), location, type.name})
        .second;
  }

  static void check_size(const ZipEntry& e, std::uint64_t bytes) {
    if (e.size != bytes) {
      throw FormatError(
          fmt::format("a storage of {} bytes is named, and {} has {}", bytes, shown_name(e.name), e.size));
    }
  }

  Storage open(std::string_view key, std::string_view location, const ZipEntry& e, const GlobalName& type) {
    const bool swap = big_endian_ && e.size > 0 && (type.itemsize > 1);
    if (big_endian_ && e.size > 0 && type.name == "UntypedStorage") {
      throw FormatError("an untyped storage in a big-endian file: the size of its elements cannot be known");
    }
    return builder_.add_storage(key, location,
                                members_.source(e, swap ? type.number_width() : std::uint8_t{0}));
  }

  const LoadOptions& options_;
  std::shared_ptr<InputFile> file_;
  std::shared_ptr<ZipReader> zip_;
  ArchiveMembers members_;
  std::string root_;
  std::string_view folder_;  // of the storages that the pickle names
  std::string member_;       // room for a name that is looked up
  CheckpointBuilder builder_;
  bool big_endian_ = false;
  std::vector<std::pair<std::string_view, FoundStorage>> storages_;  // by key, in order of first use
  std::vector<std::uint32_t> position_ =
      std::vector<std::uint32_t>(zip_->entries().size(), ProbeTable::kNone);
};

}  // namespace

Checkpoint load_torch_zip(std::shared_ptr<ZipReader> zip, const std::string& root, std::string_view format,
                          const LoadOptions& options) {
  return TorchZip(std::move(zip), root, format, options).load();
}

}  // namespace ballast::checkpoint
