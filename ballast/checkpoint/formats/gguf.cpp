#include "ballast/checkpoint/formats/gguf.h"

#include <algorithm>

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/formats/gguf_header.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

/// Blocks in a file, and the type that their numbers become.
struct Blocks {
  std::shared_ptr<InputFile> file;
  std::uint64_t offset, nbytes;
  const GgmlType* type;
  DType to;
};

/// Reads blocks a piece at a time, and writes the numbers they stand for.
void read_values(const Blocks& b, std::byte* out) {
  constexpr std::uint64_t kPiece = std::uint64_t{512} << 10;
  const std::uint64_t at_once = kPiece / b.type->block_bytes;
  const std::uint64_t blocks = b.nbytes / b.type->block_bytes;
  const auto piece =
      std::make_unique_for_overwrite<std::byte[]>(std::min(blocks, at_once) * b.type->block_bytes);
  for (std::uint64_t done = 0; done < blocks; done += at_once) {
    const std::uint64_t n = std::min(at_once, blocks - done);
    b.file->read(b.offset + done * b.type->block_bytes, piece.get(), n * b.type->block_bytes);
    const auto numbers = static_cast<std::int64_t>(n * b.type->block);
    std::byte* to = out + done * b.type->block * static_cast<std::uint64_t>(itemsize(b.to));
    if (b.to == kFloat32) {
      floats_of_blocks(*b.type, piece.get(), n, reinterpret_cast<float*>(to));
      continue;
    }
    const Tensor floats = empty({numbers}, TensorOptions(kFloat32));
    floats_of_blocks(*b.type, piece.get(), n, static_cast<float*>(floats.data_ptr()));
    copy_elements(from_blob(to, {numbers}, TensorOptions(b.to)), floats);
  }
}

class Gguf {
 public:
  Gguf(const std::shared_ptr<InputFile>& file, const LoadOptions& options)
      : file_(file), options_(options), builder_(file->name(), "gguf", options) {}

  Checkpoint load() {
    GgufHeader header = read_gguf_header(file_, options_.limits);
    IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    Node* root = tree.mapping(Kind::kOrderedDict);
    for (const GgufTensor& t : header.tensors) {
      if (!tree.insert(root, tree.text(Kind::kStr, t.name, true), tree.tensor(open(t)))) {
        throw FormatError(fmt::format("two tensors have the name '{}'", shown_name(t.name)), file_->name());
      }
    }
    builder_.set_root({std::move(arena), root});
    builder_.set_metadata(std::move(header.metadata));
    builder_.read({.text_bytes = header.length, .tensors = header.tensors.size()});
    return builder_.take();
  }

 private:
  [[nodiscard]] bool wants_values(const GgufTensor& t) const {
    const bool asked = options_.dequantize || (options_.dtype && is_floating_point(*options_.dtype));
    if (!asked || (options_.filter && !options_.filter(t.name))) return false;
    if (t.type->to_floats == nullptr) {
      throw FormatError(
          fmt::format(
              "the tensor '{}' is of type {}, whose values are not computed: load it as it is, without "
              "dequantize and dtype",
              shown_name(t.name), t.type->name),
          file_->name());
    }
    return true;
  }

  TensorValue open(const GgufTensor& t) {
    StorageSource source{.file = file_, .offset = t.offset, .size = t.nbytes};
    TensorValue v;
    if (!t.type->is_quantized()) {
      v.tensor = tensor_on(builder_.add_storage(t.name, "cpu", std::move(source)), *t.type->dtype, t.sizes,
                           contiguous_strides(t.sizes));
    } else if (wants_values(t)) {
      // Of the type that was asked for at once: never a whole tensor of float32 beside it.
      const DType to = options_.dtype && is_floating_point(*options_.dtype) ? *options_.dtype : kFloat32;
      source.in_place = false;
      source.size = t.nbytes / t.type->block_bytes * t.type->block * static_cast<std::uint64_t>(itemsize(to));
      source.read = [blocks = Blocks{file_, t.offset, t.nbytes, t.type, to}](std::byte* out) {
        read_values(blocks, out);
      };
      v.tensor = tensor_on(builder_.add_storage(t.name, "cpu", std::move(source)), to, t.sizes,
                           contiguous_strides(t.sizes));
    } else {
      const Dims bytes = gguf_byte_sizes(*t.type, t.sizes);
      v.layout = Layout::kQuantized;
      v.tensor = tensor_on(builder_.add_storage(t.name, "cpu", std::move(source)), kUInt8, bytes,
                           contiguous_strides(bytes));
      v.quantized = std::make_unique<TensorValue::Quantized>();
      v.quantized->dtype = t.type->name;
      v.quantized->scheme = kGgmlBlocks;
      v.quantized->sizes = t.sizes;
    }
    return v;
  }

  const std::shared_ptr<InputFile>& file_;
  const LoadOptions& options_;
  CheckpointBuilder builder_;
};

}  // namespace

Checkpoint load_gguf(const std::shared_ptr<InputFile>& file, const LoadOptions& options) {
  return Gguf(file, options).load();
}

}  // namespace ballast::checkpoint
