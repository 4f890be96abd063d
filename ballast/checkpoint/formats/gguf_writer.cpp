#include <algorithm>

#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/checkpoint/bytes/tensor_pieces.h"
#include "ballast/checkpoint/formats/gguf.h"
#include "ballast/checkpoint/formats/gguf_header.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/tensor_leaves.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kLongestName = 63;  // llama.cpp keeps names in 64 bytes, with a zero at the end
constexpr std::size_t kMostDimensions = 4;

template <class T>
void append(std::string& out, T v) {
  out.append(reinterpret_cast<const char*>(&v), sizeof(v));
}

/// How a tensor is written.
struct Entry {
  std::string_view name;
  const TensorValue* value;
  const GgmlType* type;
  IntArrayRef sizes;
  std::uint64_t nbytes;
};

const GgmlType& type_of(const TensorValue& v, const std::string& name) {
  if (v.layout == Layout::kQuantized && v.quantized->scheme == kGgmlBlocks) {
    const GgmlType* type = ggml_type(v.quantized->dtype);
    check<ValueError>(type != nullptr && type->is_quantized(), "'{}' has blocks of an unknown type, {}",
                      shown_name(name), v.quantized->dtype);
    return *type;
  }
  check<NotImplementedError>(v.layout == Layout::kStrided,
                             "'{}' is a {} tensor: a GGUF file holds dense ones", shown_name(name),
                             layout_name(v.layout));
  const GgmlType* type = ggml_type_of(v.tensor.dtype());
  check<DTypeError>(
      type != nullptr,
      "'{}' is a tensor of type {}, which GGUF lacks: convert it first (to float16, bfloat16, float32, "
      "float64, int8, int16, int32 or int64)",
      shown_name(name), dtype_name(v.tensor.dtype()));
  return *type;
}

Entry entry_of(const TensorLeaf& leaf) {
  const TensorValue& v = leaf.tensor();
  check<KeyError>(!leaf.name.empty(), "a tensor without a name: a GGUF file holds tensors by name");
  check<KeyError>(leaf.name.size() <= kLongestName,
                  "the name '{}' has {} bytes: llama.cpp takes at most {}; rename the tensor",
                  shown_name(leaf.name), leaf.name.size(), kLongestName);
  check<ShapeError>(v.sizes().size() <= kMostDimensions, "'{}' has {} dimensions: GGUF has at most {}",
                    shown_name(leaf.name), v.sizes().size(), kMostDimensions);
  const GgmlType& type = type_of(v, leaf.name);
  Entry e{leaf.name, &v, &type, v.sizes(), static_cast<std::uint64_t>(v.nbytes())};
  const bool whole =
      !type.is_quantized() || (!e.sizes.empty() && e.sizes[e.sizes.size() - 1] % type.block == 0 &&
                               v.tensor.dtype() == kUInt8 && gguf_nbytes(type, e.sizes) == e.nbytes);
  check<ValueError>(whole, "'{}' has {} bytes, which are not the blocks of type {} of a tensor of sizes {}",
                    shown_name(leaf.name), e.nbytes, type.name, Shown{e.sizes});
  return e;
}

std::uint64_t padded(std::uint64_t n, std::uint64_t alignment) {
  return (n + alignment - 1) / alignment * alignment;
}

std::string header_of(const std::vector<Entry>& entries, const GgufMetadataBytes& metadata) {
  std::string out = "GGUF";
  append(out, kVersion);
  append(out, static_cast<std::uint64_t>(entries.size()));
  append(out, metadata.count);
  out += metadata.bytes;
  std::uint64_t offset = 0;
  for (const Entry& e : entries) {
    append(out, static_cast<std::uint64_t>(e.name.size()));
    out += e.name;
    // A number has no dimension, and the gguf package fails on what has none: one element, then.
    const Dims sizes = e.sizes.empty() ? Dims{1} : Dims(e.sizes);
    append(out, static_cast<std::uint32_t>(sizes.size()));
    for (std::size_t d = sizes.size(); d-- > 0;) append(out, static_cast<std::uint64_t>(sizes[d]));
    append(out, e.type->id);
    append(out, offset);
    offset += padded(e.nbytes, metadata.alignment);
  }
  out.resize(padded(out.size(), metadata.alignment), '\0');
  return out;
}

}  // namespace

void save_gguf(const Value& value, const std::filesystem::path& path, const SaveOptions& options) {
  const std::vector<TensorLeaf> leaves = tensor_leaves(value, "a GGUF file");
  const GgufMetadataBytes metadata = gguf_metadata_bytes(options.metadata);
  std::vector<Entry> entries;
  entries.reserve(leaves.size());
  std::uint64_t total = 0, room = 0;
  for (const TensorLeaf& leaf : leaves) {
    total += entries.emplace_back(entry_of(leaf)).nbytes;
    room += padded(entries.back().nbytes, metadata.alignment);
  }

  AtomicFile file(path);
  const std::string header = header_of(entries, metadata);
  file.reserve(header.size() + room);
  file.write(header.data(), header.size());
  const std::string zeros(metadata.alignment, '\0');
  std::uint64_t done = 0;
  for (const Entry& e : entries) {
    each_piece(*e.value, [&](const std::byte* bytes, std::size_t n) {
      file.write(bytes, n);
      done += n;
      if (options.progress) options.progress(done, total);
    });
    file.write(zeros.data(), padded(e.nbytes, metadata.alignment) - e.nbytes);
  }
  file.commit(options.fsync);
}

}  // namespace ballast::checkpoint
