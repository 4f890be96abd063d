#include "ballast/checkpoint/formats/npz.h"

#include <cstring>

#include "ballast/checkpoint/archives/zip_writer.h"
#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/checkpoint/bytes/tensor_pieces.h"
#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/formats/npy_header.h"
#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/tensor_leaves.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {
namespace {

constexpr std::string_view kEnding = ".npy";

class Npz {
 public:
  Npz(std::shared_ptr<ZipReader> zip, const LoadOptions& options)
      : options_(options), zip_(std::move(zip)), builder_(zip_->file()->name(), "npz", options) {}

  Checkpoint load() {
    IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    Node* root = tree.mapping(Kind::kDict);
    std::uint64_t text_bytes = 0;
    for (const ZipEntry& e : zip_->entries()) {
      const std::string_view name = e.name.substr(0, e.name.size() - kEnding.size());
      if (!is_utf8(name)) zip_->fail(e, "the name is no UTF-8");
      TensorValue v;
      v.tensor = open(e, name);
      // Names are unique: the archive's are.
      static_cast<void>(tree.insert(root, tree.text(Kind::kStr, name, true), tree.tensor(std::move(v))));
      text_bytes += name.size();
    }
    builder_.set_root({std::move(arena), root});
    builder_.read({.text_bytes = text_bytes, .tensors = zip_->entries().size()});
    verify();
    return builder_.take();
  }

 private:
  Tensor open(const ZipEntry& e, std::string_view name) {
    std::string head;
    const auto start = [&](std::uint64_t n) { return head = zip_->start(e, n); };
    const NpyHeader header =
        read_npy_header(e.size, start, {zip_->file()->name(), shown_name(e.name), e.data}, options_.limits);
    StorageSource source{.file = zip_->file(),
                         .offset = e.data + header.length,
                         .size = header.nbytes,
                         .swap = header.type.swap,
                         .in_place = e.is_stored()};
    // With the checksum, which is that of the whole member.
    const auto at = static_cast<std::size_t>(&e - zip_->entries().data());
    head.resize(header.length);
    source.read = [zip = zip_, verified = verified_, at, head = std::move(head)](std::byte* out) {
      const ZipEntry& member = zip->entries()[at];
      std::string again(head.size(), '\0');
      zip->read(member, again.data(), again.size(), out);
      if (again != head) zip->fail(member, "the header of the array changed while it was read");
      (*verified)[at] = true;
    };
    const bool wanted = !options_.filter || options_.filter(name);
    if (options_.map_location != kMeta && wanted) zip_->account(e);
    const Storage storage = builder_.add_storage(name, "cpu", std::move(source));
    return tensor_on(storage, header.type.dtype, header.shape, header.strides);
  }

  void verify() {
    std::vector<const ZipEntry*> members;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < zip_->entries().size(); ++i) {
      const ZipEntry& e = zip_->entries()[i];
      total += e.size;
      if (!(*verified_)[i]) members.push_back(&e);
    }
    const bool all = options_.verify == Verify::kAll;
    const bool small = options_.verify == Verify::kBudget && options_.map_location != kMeta &&
                       total <= options_.verify_budget;
    if (!all && !small) members.clear();
    zip_->verify(members);
    for (const ZipEntry* e : members)
      (*verified_)[static_cast<std::size_t>(e - zip_->entries().data())] = true;
    std::size_t without = 0;
    bool fully = true;
    for (std::size_t i = 0; i < zip_->entries().size(); ++i) {
      if (!zip_->entries()[i].has_checksum()) {
        ++without;
      } else if (!(*verified_)[i]) {
        fully = false;
      }
    }
    builder_.set_verified(fully && without == 0, without);
  }

  const LoadOptions& options_;
  std::shared_ptr<ZipReader> zip_;
  CheckpointBuilder builder_;
  std::shared_ptr<std::vector<bool>> verified_ = std::make_shared<std::vector<bool>>(zip_->entries().size());
};

/// A name that readers of zip archives, this one too, would not take for a path out of the folder.
void check_member_name(const std::string& name) {
  const auto refuse = [&](std::string_view reason) {
    throw KeyError(
        fmt::format("'{}' cannot be the name of an array in a .npz archive: {}", shown_name(name), reason));
  };
  if (name.empty()) refuse("it is empty");
  if (name.front() == '/') refuse("it begins with a slash");
  if (name.find('\\') != std::string::npos) refuse("it holds a backslash");
  if (name.find('\0') != std::string::npos) refuse("it holds a NUL byte");
  if (("/" + name).find("/../") != std::string::npos) refuse("it holds \"..\" between slashes");
  constexpr std::size_t kLongest = 0xFFFF;
  if (name.size() + kEnding.size() > kLongest) refuse(fmt::format("it is {} bytes long", name.size()));
}

}  // namespace

Checkpoint load_npz(std::shared_ptr<ZipReader> zip, const LoadOptions& options) {
  return Npz(std::move(zip), options).load();
}

void save_npz(const Value& value, const std::filesystem::path& path, const SaveOptions& options) {
  std::vector<TensorLeaf> leaves = tensor_leaves(value, "a .npz archive");
  if (!value.is_mapping() && leaves.size() == 1) leaves.front().name = "arr_0";  // as NumPy calls it
  std::uint64_t total = 0, names = 0;
  for (const TensorLeaf& leaf : leaves) {
    const TensorValue& v = leaf.tensor();
    check_member_name(leaf.name);
    check<NotImplementedError>(
        v.layout == Layout::kStrided, "'{}' is a {} tensor: a .npz archive holds dense ones{}",
        shown_name(leaf.name), layout_name(v.layout),
        v.layout == Layout::kQuantized ? "; load it with its values (dequantize)" : "");
    // Before anything is written: whether NumPy has the type.
    static_cast<void>(npy_array_of(v.tensor, leaf.name));
    total += static_cast<std::uint64_t>(v.nbytes());
    names += leaf.name.size() + kEnding.size();
  }

  AtomicFile file(path);
  ZipWriter zip(file);
  constexpr std::uint64_t kLargestHeader = 256;  // of the usual ones
  zip.expect(leaves.size(), names, total + leaves.size() * kLargestHeader);
  std::uint64_t done = 0;
  for (const TensorLeaf& leaf : leaves) {
    const TensorValue& v = leaf.tensor();
    const NpyArray array = npy_array_of(v.tensor, leaf.name);
    TensorValue elements;
    elements.tensor = array.elements;
    elements.conj = v.conj;
    elements.neg = v.neg;
    zip.begin(leaf.name + std::string(kEnding));
    zip.append(array.header.data(), array.header.size());
    each_piece(elements, [&](const std::byte* bytes, std::size_t n) {
      zip.append(bytes, n);
      done += n;
      if (options.progress) options.progress(done, total);
    });
    zip.end();
  }
  zip.finish();
  file.commit(options.fsync);
}

}  // namespace ballast::checkpoint
