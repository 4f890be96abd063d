#include "ballast/checkpoint/formats/torch_legacy.h"

#include <unordered_map>

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/pickle/pickle_stream.h"
#include "ballast/checkpoint/pickle/storage_ids.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kCountSize = 8;  // before the bytes of a storage: the number of its elements
constexpr std::int64_t kProtocol = 1001;

/// The magic number, the version, what wrote the file, the object, the keys of the storages; then for each key the number of
/// elements and the elements. The object has to be read twice: only it knows how large the elements are, and only from the
/// keys behind it is known where they stand.
class TorchLegacy {
 public:
  TorchLegacy(const std::shared_ptr<InputFile>& file, const LoadOptions& options)
      : options_(options), file_(file), builder_(file->name(), "torch-legacy", options) {}

  Checkpoint load() {
    PickleStream in(file_, 0, options_);
    {
      const IntrusivePtr<Arena> apart = TreeArena::make();
      read_head(TreeArena::of(apart), in);
    }
    const std::uint64_t object_at = in.offset();
    const IntrusivePtr<Arena> apart = TreeArena::make();
    TreeArena& first = TreeArena::of(apart);
    static_cast<void>(in.next(first, "object", [&](Node* id) { return first_look(first, id); }));
    const std::uint64_t keys_at = in.offset();
    read_keys(*in.next(first, "keys", refuse_id), keys_at);
    find_storages(in.offset());

    IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    PickleStream again(file_, object_at, options_);
    Node* root = again.next(
        tree, "object", [&](Node* id) { return second_look(tree, id); },
        [&](const Storage& s) { return builder_.bytes_of(s); });
    const std::size_t made = tree.tensor_count();
    builder_.set_root({std::move(arena), root});
    builder_.read({.text_bytes = keys_at - object_at, .tensors = made});
    builder_.set_verified(false, keys_.size());
    return builder_.take();
  }

 private:
  struct Found {
    const GlobalName* type;
    std::string location;
    std::uint64_t bytes;  ///< as the object says
    std::uint64_t offset = 0;
    bool placed = false;
    Storage storage = {};
  };

  static Node* refuse_id(Node* /*id*/) { throw FormatError("a persistent id where there are no storages"); }

  [[noreturn]] void fail(std::string_view record, std::uint64_t at, const std::string& reason) const {
    throw FormatError(reason, file_->name(), std::string(record), at);
  }

  void read_head(TreeArena& tree, PickleStream& in) {
    static_cast<void>(in.next(tree, "magic number", refuse_id));  // how the file was recognised
    const std::uint64_t version_at = in.offset();
    const Node& version = *in.next(tree, "version", refuse_id);
    if (version.kind != Kind::kInt || version.flag || version.integer != kProtocol)
      fail("version", version_at, fmt::format("the version of the format should be {}", kProtocol));
    const std::uint64_t system_at = in.offset();
    const Node& system = *in.next(tree, "system", refuse_id);
    if (system.kind != Kind::kDict) fail("system", system_at, "what describes the system should be a dict");
    for (std::uint32_t i = 0; i < system.size; ++i) {
      const Node& key = *system.dict->pairs[std::size_t{i} * 2];
      const Node& value = *system.dict->pairs[std::size_t{i} * 2 + 1];
      if (key.kind == Kind::kStr && text_of(key) == "little_endian" && value.kind == Kind::kBool)
        big_endian_ = !value.flag;
    }
  }

  /// Notes what storages there should be. The tensors of this reading have no bytes.
  Node* first_look(TreeArena& tree, const Node* id) {
    if (Node* source = source_of_module(id)) return source;
    const StorageId s = storage_id(id, StorageIdForm::kLegacy);
    const auto [it, added] =
        found_.try_emplace(std::string(s.key), Found{s.type, std::string(s.location), s.bytes});
    const Found& f = it->second;
    if (!added && (f.type != s.type || f.bytes != s.bytes)) {
      throw FormatError(fmt::format("the storage '{}' has {} bytes of type {} here, and had {} of {} before",
                                    shown_name(s.key), s.bytes, s.type->name, f.bytes, f.type->name));
    }
    return tree.storage({Storage::meta(s.view ? s.view->bytes : s.bytes), it->first, it->second.location,
                         s.type->name, s.type->dtype});
  }

  void read_keys(const Node& keys, std::uint64_t at) {
    if (keys.kind != Kind::kList) fail("keys", at, "the keys of the storages should be a list");
    for (std::uint32_t i = 0; i < keys.size; ++i) {
      const Node& key = *keys.items[i];
      if (key.kind != Kind::kStr) fail("keys", at, "a key that is no string");
      const auto it = found_.find(std::string(text_of(key)));
      if (it == found_.end())
        fail("keys", at,
             fmt::format("the storage '{}' is in the file, and nothing names it", shown_name(text_of(key))));
      if (it->second.placed)
        fail("keys", at, fmt::format("the storage '{}' is in the file twice", shown_name(text_of(key))));
      it->second.placed = true;
      keys_.push_back(&*it);
    }
    for (const auto& [key, f] : found_) {
      if (!f.placed) fail("keys", at, fmt::format("the storage '{}' is not in the file", shown_name(key)));
    }
  }

  void find_storages(std::uint64_t at) {
    for (auto* entry : keys_) {
      auto& [key, f] = *entry;
      if (file_->size() - at < kCountSize)
        fail(shown_name(key), at, "the file ends before this storage: it was cut short");
      std::uint64_t count = 0;
      file_->read(at, &count, kCountSize);
      if (big_endian_) swap_bytes(reinterpret_cast<std::byte*>(&count), kCountSize, kCountSize);
      if (count != f.bytes / f.type->itemsize) {
        fail(shown_name(key), at,
             fmt::format("the storage is said to have {} elements, and {} are named",
                         static_cast<std::int64_t>(count), f.bytes / f.type->itemsize));
      }
      f.offset = at + kCountSize;
      if (file_->size() - f.offset < f.bytes) {
        fail(shown_name(key), f.offset,
             fmt::format("the storage has {} bytes, {} are left: the file was cut short", f.bytes,
                         file_->size() - f.offset));
      }
      at = f.offset + f.bytes;
    }
    if (at != file_->size()) {
      throw FormatError(fmt::format("{} bytes follow the last storage", file_->size() - at), file_->name(),
                        "", at);
    }
    for (auto* entry : keys_) open(*entry);
  }

  void open(std::pair<const std::string, Found>& entry) {
    auto& [key, f] = entry;
    StorageSource source{.file = file_, .offset = f.offset, .size = f.bytes};
    if (big_endian_) {
      if (f.type->name == "UntypedStorage")
        fail(shown_name(key), f.offset,
             "an untyped storage in a big-endian file: the size of its elements cannot be known");
      source.swap = f.type->number_width();
    }
    f.storage = builder_.add_storage(key, f.location, std::move(source));
  }

  Node* second_look(TreeArena& tree, const Node* id) {
    if (Node* source = source_of_module(id)) return source;
    const StorageId s = storage_id(id, StorageIdForm::kLegacy);
    const auto it = found_.find(std::string(s.key));
    if (it == found_.end())
      throw FormatError("a storage that was not there a moment ago: the file has changed");
    Storage storage = it->second.storage;
    if (s.view) {
      builder_.fill(storage);
      storage = part_of_storage(storage, s.view->begin, s.view->bytes);
    }
    return tree.storage({std::move(storage), it->first, it->second.location, s.type->name, s.type->dtype});
  }

  const LoadOptions& options_;
  std::shared_ptr<InputFile> file_;
  CheckpointBuilder builder_;
  bool big_endian_ = false;
  std::unordered_map<std::string, Found> found_;
  std::vector<std::pair<const std::string, Found>*> keys_;  // in the order of the file
};

}  // namespace

Checkpoint load_torch_legacy(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  return TorchLegacy(file, options).load();
}

}  // namespace ballast::checkpoint
