#include "ballast/checkpoint/formats/torch_zip.h"

#include <algorithm>
#include <charconv>

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/pickle_globals.h"
#include "ballast/checkpoint/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/zip_reader.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kSmallRecord = 64;
constexpr std::uint64_t kMappedAlignment = 16;  // of complex128, the largest element
constexpr std::uint64_t kOldestVersion = 1;
constexpr std::uint64_t kNewestVersion = 10;

/// The top folder of a checkpoint, with its slash; FormatError that says what the archive is instead.
std::string root_of(const ZipReader& zip) {
  const auto fail = [&](const std::string& what) { throw FormatError(what, zip.file()->name()); };
  const auto& entries = zip.entries();
  if (entries.empty()) fail("an empty zip archive");
  const auto any = [&](std::string_view suffix) {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const ZipEntry& e) { return e.name.ends_with(suffix); });
  };
  if (any("/constants.pkl")) fail("a TorchScript archive (it carries code): not read yet");
  if (any("/archive_format") || any("/models/model.json"))
    fail("a torch.export archive (.pt2): not read yet");
  if (any(".npy")) fail("a NumPy .npz archive: not read yet");
  std::string root(entries.front().name.substr(0, entries.front().name.find('/') + 1));
  if (root.empty() || zip.find(root + "data.pkl") == nullptr) {
    fail("a zip archive, but not a PyTorch checkpoint: there is no data.pkl in its top folder");
  }
  for (const ZipEntry& e : entries) {
    if (!e.name.starts_with(root)) {
      throw FormatError(fmt::format("a member outside of the archive's top folder {}", shown_name(root)),
                        zip.file()->name(), shown_name(e.name), e.header);
    }
  }
  return root;
}

class TorchZip {
 public:
  TorchZip(const std::shared_ptr<InputFile>& file, const LoadOptions& options)
      : options_(options), file_(file), zip_(file, options.limits), root_(root_of(zip_)) {}

  Checkpoint load() {
    check_version();
    read_byte_order();
    check_small_records();

    const ZipEntry& entry = *zip_.find(root_ + "data.pkl");
    check<LimitError>(entry.size <= options_.limits.pickle_bytes,
                      "{}: {}: {} bytes, the limit (pickle_bytes) is {}", file_->name(),
                      shown_name(entry.name), entry.size, options_.limits.pickle_bytes);
    const auto pickle = std::make_shared<const std::string>(read(entry));
    IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    tree.keep(pickle);
    const Pickle program{*pickle, {file_->name(), shown_name(entry.name)}, options_.limits, file_->size()};
    Node* root = run_pickle(tree, program, [&](Node* id) { return storage_of(tree, id); });

    const std::size_t made = tree.tensor_count();

    verify();
    CheckpointBuilder builder(file_->name(), "torch-zip");
    builder.set_root({std::move(arena), root});
    for (auto& [key, s] : storages_)
      builder.add_storage({std::string(key), std::string(s.location), std::move(s.storage)});
    std::size_t without = 0;
    bool fully = true;
    for (std::size_t i = 0; i < zip_.entries().size(); ++i) {
      if (!zip_.entries()[i].has_checksum()) {
        ++without;
      } else if (!verified_[i]) {
        fully = false;
      }
    }
    builder.set_verified(fully && without == 0, without);
    return builder.finish({.pickle_bytes = entry.size, .tensors = made});
  }

 private:
  struct FoundStorage {
    Storage storage;
    std::string_view location, type;
    const ZipEntry* entry;
  };

  void mark_verified(const ZipEntry& e) {
    verified_[static_cast<std::size_t>(&e - zip_.entries().data())] = true;
  }
  std::string read(const ZipEntry& e) {
    std::string out = zip_.read(e);
    mark_verified(e);
    return out;
  }

  /// A record that is a decimal number, and nothing else.
  std::uint64_t read_number(const ZipEntry& e, std::string_view what) {
    std::string text = e.size <= kSmallRecord ? read(e) : std::string();
    text.erase(text.find_last_not_of(" \r\n") + 1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
      zip_.fail(e, fmt::format("the {} is no number", what));
    return number;
  }

  void check_version() {
    const ZipEntry* e = zip_.find(root_ + "version");
    if (e == nullptr) e = zip_.find(root_ + ".data/version");
    if (e == nullptr)
      throw FormatError("no version record: not a PyTorch checkpoint, or a damaged one", file_->name());
    const std::uint64_t version = read_number(*e, "version");
    if (version < kOldestVersion || version > kNewestVersion) {
      zip_.fail(*e, fmt::format("version {} of the format: {} to {} are read", version, kOldestVersion,
                                kNewestVersion));
    }
  }

  void read_byte_order() {
    const ZipEntry* e = zip_.find(root_ + "byteorder");
    if (e == nullptr) return;  // before PyTorch 2.1: little
    const std::string text = e->size <= kSmallRecord ? read(*e) : std::string();
    if (text != "little" && text != "big") zip_.fail(*e, "the byte order should be 'little' or 'big'");
    big_endian_ = text == "big";
  }

  /// Records that mean nothing here, but cost nothing to check: what is wrong with them may be wrong with others.
  void check_small_records() {
    const auto find = [&](std::string_view name) { return zip_.find(root_ + std::string(name)); };
    if (const ZipEntry* e = find(".format_version")) static_cast<void>(read_number(*e, "format version"));
    if (const ZipEntry* e = find(".storage_alignment")) {
      static_cast<void>(read_number(*e, "alignment of storages"));
    }
    const ZipEntry* e = find(".data/serialization_id");
    if (e != nullptr && e->size <= kSmallRecord && !is_utf8(read(*e))) {
      zip_.fail(*e, "the serialization id is no text");
    }
  }

  /// ("storage", type, key, location, number of elements)
  Node* storage_of(TreeArena& tree, const Node* id) {
    const auto refuse = [](const std::string& reason) { throw FormatError("a persistent id: " + reason); };
    if (id->kind != Kind::kTuple || id->size != 5) refuse("should be a tuple of five");
    const Node* const* part = id->items;
    if (part[0]->kind != Kind::kStr || text_of(*part[0]) != "storage") refuse("only storages have one");
    const GlobalName* type = global_of(part[1]);
    if (type == nullptr || !type->is_storage) refuse("the type should be a storage type");
    if (part[2]->kind != Kind::kStr || part[3]->kind != Kind::kStr)
      refuse("the key and the location should be strings");
    if (part[4]->kind != Kind::kInt || part[4]->flag || part[4]->integer < 0) {
      refuse("the number of elements should be an integer of at most 63 bits");
    }
    const auto bytes = checked_mul(part[4]->integer, type->itemsize);
    if (!bytes) refuse(fmt::format("{} elements of {} bytes", part[4]->integer, type->itemsize));
    const FoundStorage& s =
        find_storage(text_of(*part[2]), text_of(*part[3]), *type, static_cast<std::uint64_t>(*bytes));
    return tree.storage({s.storage, text_of(*part[2]), text_of(*part[3]), type->name, type->dtype});
  }

  const FoundStorage& find_storage(std::string_view key, std::string_view location, const GlobalName& type,
                                   std::uint64_t bytes) {
    if (key.empty() || key.find('/') != std::string_view::npos) {
      throw FormatError(fmt::format("'{}' cannot be the key of a storage", shown_name(key)));
    }
    const ZipEntry* e = zip_.find(root_ + "data/" + std::string(key));
    if (e == nullptr)
      throw FormatError(fmt::format("the storage '{}' is not in the file: no member {}data/{}",
                                    shown_name(key), shown_name(root_), shown_name(key)));
    check_size(*e, bytes);
    std::uint32_t& position = position_[static_cast<std::size_t>(e - zip_.entries().data())];
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
    return storages_.emplace_back(key, FoundStorage{open_storage(*e, type), location, type.name, e}).second;
  }

  static void check_size(const ZipEntry& e, std::uint64_t bytes) {
    if (e.size != bytes) {
      throw FormatError(
          fmt::format("a storage of {} bytes is named, and {} has {}", bytes, shown_name(e.name), e.size));
    }
  }

  Storage open_storage(const ZipEntry& e, const GlobalName& type) {
    const bool swap = big_endian_ && e.size > 0 && (type.itemsize > 1);
    if (big_endian_ && e.size > 0 && type.name == "UntypedStorage") {
      throw FormatError("an untyped storage in a big-endian file: the size of its elements cannot be known");
    }
    if (options_.mmap && e.is_stored() && !swap && e.size > 0 && e.data % kMappedAlignment == 0) {
      return Storage::mapped(file_->map() + e.data, e.size, file_);
    }
    zip_.account(e);
    Storage s = Storage::allocate(e.size);
    zip_.read(e, s.mutable_data());
    mark_verified(e);
    if (swap) {
      const bool complex = type.dtype && is_complex(*type.dtype);
      const std::size_t width = complex ? type.itemsize / 2u : type.itemsize;
      for (std::size_t at = 0; at < e.size; at += width)
        std::reverse(s.mutable_data() + at, s.mutable_data() + at + width);
    }
    return s;
  }

  void verify() {
    std::vector<const ZipEntry*> members;
    if (options_.verify == Verify::kAll) {
      for (const ZipEntry& e : zip_.entries()) members.push_back(&e);
    } else if (options_.verify == Verify::kBudget) {
      std::uint64_t total = 0;
      for (const auto& [key, s] : storages_) {
        total += s.entry->size;
        members.push_back(s.entry);
      }
      if (total > options_.verify_budget) return;
    }
    std::erase_if(members, [&](const ZipEntry* e) {
      return verified_[static_cast<std::size_t>(e - zip_.entries().data())];
    });
    zip_.verify(members);
    for (const ZipEntry* e : members) mark_verified(*e);
  }

  const LoadOptions& options_;
  std::shared_ptr<InputFile> file_;
  ZipReader zip_;
  std::string root_;
  std::vector<bool> verified_ = std::vector<bool>(zip_.entries().size());
  bool big_endian_ = false;
  std::vector<std::pair<std::string_view, FoundStorage>> storages_;  // by key, in order of first use
  std::vector<std::uint32_t> position_ = std::vector<std::uint32_t>(zip_.entries().size(), ProbeTable::kNone);
};

}  // namespace

Checkpoint load_torch_zip(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  return TorchZip(file, options).load();
}

}  // namespace ballast::checkpoint
