#include "ballast/checkpoint/formats/torch_tar.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include "ballast/checkpoint/archives/tar_reader.h"
#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/pickle/pickle_stream.h"
#include "ballast/checkpoint/pickle/storage_ids.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kNumber = 8;

/// Three members: `storages` (a count; for each a pickle of key, location and type, the number of elements, the elements; then a
/// pickle of views), `tensors` (a count; for each a pickle of key, storage key and type, then rank, sizes, strides, offset), and
/// `pickle`, whose persistent ids are keys of tensors and storages.
class TorchTar {
 public:
  TorchTar(const std::shared_ptr<InputFile>& file, const LoadOptions& options)
      : options_(options), file_(file), builder_(file->name(), "torch-tar", options) {}

  Checkpoint load() {
    const auto members = read_tar(*file_, options_.limits);
    const auto member = [&](std::string_view name) {
      for (const TarMember& m : members) {
        if (m.name == name) return InputFile::part_of(file_, m.offset, m.size, name);
      }
      throw FormatError(fmt::format("a tar archive, but not a PyTorch checkpoint: no member '{}'", name),
                        file_->name());
    };
    IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    read_storages(tree, member("storages"));
    read_tensors(tree, member("tensors"));
    PickleStream in(member("pickle"), 0, options_);
    Node* root = in.next(tree, "object", [&](Node* id) { return object_of(tree, id); });
    builder_.set_root({std::move(arena), root});
    builder_.read({.text_bytes = in.total(), .tensors = tree.tensor_count()});
    builder_.set_verified(false, storages_.size());
    return builder_.take();
  }

 private:
  struct Found {
    const GlobalName* type;
    std::string location;
    Storage storage;
  };

  static Node* refuse_id(Node* /*id*/) { throw FormatError("a persistent id where none can be"); }

  [[noreturn]] static void fail(const InputFile& in, std::uint64_t at, const std::string& reason) {
    throw FormatError(reason, in.name(), "", at);
  }

  static std::int64_t integer_of(const InputFile& in, std::uint64_t at, const Node& n,
                                 std::string_view what) {
    if (n.kind == Kind::kStr) {
      std::int64_t v = 0;
      const std::string_view text = text_of(n);
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
      if (error == std::errc() && end == text.data() + text.size()) return v;
    }
    if (n.kind != Kind::kInt || n.flag) fail(in, at, fmt::format("the {} should be an integer", what));
    return n.integer;
  }
  static std::int64_t count_of(const InputFile& in, std::uint64_t at, const Node& n, std::string_view what) {
    const std::int64_t count = integer_of(in, at, n, what);
    if (count < 0 || static_cast<std::uint64_t>(count) > in.size())
      fail(in, at, fmt::format("{} {} in {} bytes", count, what, in.size()));
    return count;
  }
  /// The three parts of what stands before a storage or a tensor.
  static Arguments three_of(const InputFile& in, std::uint64_t at, const Node& n) {
    const bool sequence = n.kind == Kind::kTuple || n.kind == Kind::kList;
    if (!sequence || n.size != 3) fail(in, at, "three things should be said of each storage and tensor");
    return {n.items, n.size};
  }

  void read_storages(TreeArena& tree, const std::shared_ptr<InputFile>& member) {
    PickleStream in(member, 0, options_);
    const std::int64_t count = count_of(*member, 0, *in.next(tree, "count", refuse_id), "storages");
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint64_t at = in.offset();
      const Arguments a = three_of(*member, at, *in.next(tree, "storage", refuse_id));
      const std::int64_t key = integer_of(*member, at, *a[0], "key");
      const GlobalName* type = global_of(a[2]);
      if (a[1]->kind != Kind::kStr || type == nullptr || !type->is_storage)
        fail(*member, at, "a storage should have a location and a storage type");
      const std::uint64_t data = in.offset() + kNumber;
      if (member->size() - in.offset() < kNumber)
        fail(*member, at, "the file ends before the elements of a storage");
      std::int64_t elements = 0;
      member->read(in.offset(), &elements, kNumber);
      const auto bytes = elements < 0 ? std::nullopt : checked_mul(elements, type->itemsize);
      if (!bytes || static_cast<std::uint64_t>(*bytes) > member->size() - data) {
        fail(*member, in.offset(),
             fmt::format("a storage of {} elements of {} bytes, {} bytes are left", elements, type->itemsize,
                         member->size() - data));
      }
      const auto size = static_cast<std::uint64_t>(*bytes);
      const std::string location(text_of(*a[1]));
      add_storage(*member, at, key,
                  {type, location,
                   builder_.add_storage(fmt::format("{}", key), location,
                                        {.file = member, .offset = data, .size = size})});
      in.skip_to(data + size);
    }
    read_views(tree, *member, in);
  }

  void add_storage(const InputFile& in, std::uint64_t at, std::int64_t key, Found found) {
    if (!storages_.emplace(key, std::move(found)).second)
      fail(in, at, fmt::format("two storages have the key {}", key));
  }

  /// (key, key of the whole, first element, elements)
  void read_views(TreeArena& tree, const InputFile& member, PickleStream& in) {
    const std::uint64_t at = in.offset();
    const Node& views = *in.next(tree, "views", refuse_id);
    if (views.kind != Kind::kList && views.kind != Kind::kTuple)
      fail(member, at, "the views of storages should be a list");
    for (std::uint32_t i = 0; i < views.size; ++i) {
      const Node& v = *views.items[i];
      if ((v.kind != Kind::kTuple && v.kind != Kind::kList) || v.size != 4)
        fail(member, at, "a view should have four parts");
      const Found& whole = storage_at(member, at, integer_of(member, at, *v.items[1], "key"));
      const std::uint64_t size = whole.storage.nbytes();
      const auto begin = checked_mul(count_of(member, at, *v.items[2], "elements"), whole.type->itemsize);
      const auto bytes = checked_mul(count_of(member, at, *v.items[3], "elements"), whole.type->itemsize);
      if (!begin || !bytes || static_cast<std::uint64_t>(*begin) > size ||
          static_cast<std::uint64_t>(*bytes) > size - static_cast<std::uint64_t>(*begin))
        fail(member, at, "a view reaches outside its storage");
      builder_.fill(whole.storage);
      add_storage(member, at, integer_of(member, at, *v.items[0], "key"),
                  {whole.type, whole.location,
                   part_of_storage(whole.storage, static_cast<std::uint64_t>(*begin),
                                   static_cast<std::uint64_t>(*bytes))});
    }
  }

  const Found& storage_at(const InputFile& in, std::uint64_t at, std::int64_t key) const {
    const auto it = storages_.find(key);
    if (it == storages_.end()) fail(in, at, fmt::format("the storage {} is not in the file", key));
    return it->second;
  }

  void read_tensors(TreeArena& tree, const std::shared_ptr<InputFile>& member) {
    PickleStream in(member, 0, options_);
    const std::int64_t count = count_of(*member, 0, *in.next(tree, "count", refuse_id), "tensors");
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint64_t at = in.offset();
      const Arguments a = three_of(*member, at, *in.next(tree, "tensor", refuse_id));
      const std::int64_t key = integer_of(*member, at, *a[0], "key");
      const Found& s = storage_at(*member, at, integer_of(*member, at, *a[1], "storage"));
      if (!s.type->dtype) fail(*member, at, fmt::format("tensors on a {} are not read", s.type->name));
      if (!tensors_.emplace(key, tree.tensor(read_view(*member, in, s))).second)
        fail(*member, at, fmt::format("two tensors have the key {}", key));
    }
  }

  TensorValue read_view(const InputFile& member, PickleStream& in, const Found& s) {
    std::uint64_t at = in.offset();
    const auto number = [&] {
      if (member.size() - at < kNumber) fail(member, at, "the file ends inside a tensor");
      std::int64_t v = 0;
      member.read(at, &v, kNumber);
      at += kNumber;
      return v;
    };
    // The rank has four bytes, and four after it mean nothing.
    const auto rank = static_cast<std::uint64_t>(number()) & 0xFFFFFFFF;
    check<LimitError>(rank <= options_.limits.rank, "{}: {} dimensions, the limit (rank) is {}",
                      file_->name(), rank, options_.limits.rank);
    Dims sizes(rank);
    Dims strides(rank);
    for (std::int64_t& n : sizes) n = number();
    for (std::int64_t& n : strides) n = number();
    const std::int64_t offset = number();
    TensorValue v;
    try {
      v.tensor = tensor_on(s.storage, *s.type->dtype, sizes, strides, offset);
    } catch (const Error& e) {
      fail(member, in.offset(), e.what());
    }
    in.skip_to(at);
    return v;
  }

  Node* object_of(TreeArena& tree, Node* id) {
    if (id->kind == Kind::kTuple) {  // (class, file, source): where a module was defined
      if (id->size == 0 || id->items[0]->kind != Kind::kName)
        throw FormatError("a persistent id of an unknown kind");
      return id->items[0];
    }
    const std::int64_t key = integer_of(*file_, 0, *id, "persistent id");
    if (const auto it = tensors_.find(key); it != tensors_.end()) return it->second;
    const Found& s = storage_at(*file_, 0, key);
    return tree.storage({s.storage, "", s.location, s.type->name, s.type->dtype});
  }

  const LoadOptions& options_;
  std::shared_ptr<InputFile> file_;
  CheckpointBuilder builder_;
  std::unordered_map<std::int64_t, Found> storages_;
  std::unordered_map<std::int64_t, Node*> tensors_;
};

}  // namespace

Checkpoint load_torch_tar(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  return TorchTar(file, options).load();
}

}  // namespace ballast::checkpoint
