#include "ballast/checkpoint/formats/npy.h"

#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/checkpoint/bytes/tensor_pieces.h"
#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/formats/npy_header.h"
#include "ballast/checkpoint/tree/tensor_leaves.h"
#include "ballast/checkpoint/tree/value_arena.h"

namespace ballast::checkpoint {

Checkpoint load_npy(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  const auto start = [&](std::uint64_t n) {
    std::string bytes(n, '\0');
    file->read(0, bytes.data(), n);
    return bytes;
  };
  const NpyHeader header = read_npy_header(file->size(), start, {file->name(), ""}, options.limits);

  CheckpointBuilder builder(file->name(), "npy", options);
  const Storage storage = builder.add_storage(
      "", "cpu", {.file = file, .offset = header.length, .size = header.nbytes, .swap = header.type.swap});
  TensorValue v;
  v.tensor = tensor_on(storage, header.type.dtype, header.shape, header.strides);
  IntrusivePtr<Arena> arena = TreeArena::make();
  Node* root = TreeArena::of(arena).tensor(std::move(v));
  builder.set_root({std::move(arena), root});
  builder.read({.text_bytes = header.length, .tensors = 1});
  return builder.take();
}

void save_npy(const Value& value, const std::filesystem::path& path, const SaveOptions& options) {
  const std::vector<TensorLeaf> leaves = tensor_leaves(value, "a .npy file");
  check<ValueError>(leaves.size() == 1 && !value.is_mapping(),
                    "{}: a .npy file holds one tensor, and no name; .npz holds {} by name", path.string(),
                    leaves.size() == 1 ? "one" : "several");
  const TensorValue& v = leaves.front().tensor();
  check<NotImplementedError>(v.layout == Layout::kStrided, "a .npy file cannot hold a {} tensor",
                             layout_name(v.layout));
  const NpyArray array = npy_array_of(v.tensor, "the tensor");
  TensorValue elements;
  elements.tensor = array.elements;
  elements.conj = v.conj;
  elements.neg = v.neg;

  AtomicFile file(path);
  const auto total = static_cast<std::uint64_t>(v.nbytes());
  file.reserve(array.header.size() + total);
  file.write(array.header.data(), array.header.size());
  std::uint64_t done = 0;
  each_piece(elements, [&](const std::byte* bytes, std::size_t n) {
    file.write(bytes, n);
    done += n;
    if (options.progress) options.progress(done, total);
  });
  file.commit(options.fsync);
}

}  // namespace ballast::checkpoint
