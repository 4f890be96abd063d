#include "ballast/checkpoint/formats/torch_distributed.h"

#include <algorithm>
#include <unordered_map>

#include "ballast/checkpoint/checkpoint_builder.h"
#include "ballast/checkpoint/formats/nested_keys.h"
#include "ballast/checkpoint/formats/torch_distributed_metadata.h"
#include "ballast/checkpoint/formats/torch_distributed_tiling.h"
#include "ballast/checkpoint/formats/torch_inside.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

/// A piece whose archive has been opened: a view of a storage, whose bytes are still in the file.
struct OpenPiece {
  Dims offsets, sizes, strides;
  std::int64_t storage_offset;
  std::shared_ptr<const StorageSource> source;
};

/// The name that a tensor at the end of a path has.
std::string joined(const std::vector<Value>& path) {
  std::string out;
  for (const Value& key : path) {
    if (!out.empty()) out += '.';
    out += key.is(Kind::kStr) ? std::string(key.as_text()) : key.int_text();
  }
  return out;
}

/// Reads pieces into the tensor that they are pieces of.
void assemble(const std::vector<OpenPiece>& pieces, DType dtype, const Dims& sizes, std::byte* out) {
  const Dims strides = contiguous_strides(sizes);
  const auto size = static_cast<std::size_t>(numel_of(sizes) * itemsize(dtype));
  const Storage whole = Storage::borrowed(out, size, {});
  for (const OpenPiece& p : pieces) {
    const Storage own = Storage::allocate(p.source->size);
    read_storage(*p.source, own.mutable_data());
    std::int64_t at = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) at += p.offsets[i] * strides[i];
    copy_elements(tensor_on(whole, dtype, p.sizes, strides, at),
                  tensor_on(own, dtype, p.sizes, p.strides, p.storage_offset));
  }
}

class DistributedFolder {
 public:
  DistributedFolder(std::filesystem::path folder, const LoadOptions& options)
      : folder_(std::move(folder)),
        options_(options),
        builder_(folder_, "torch-distributed", options),
        inside_(builder_, options) {}

  Checkpoint load() {
    const auto file = InputFile::open(folder_ / ".metadata");
    check<LimitError>(file->size() <= options_.limits.pickle_bytes,
                      "{}: {} bytes, the limit (pickle_bytes) is {}", file->name(), file->size(),
                      options_.limits.pickle_bytes);
    auto bytes = std::make_shared<std::string>(file->size(), '\0');
    file->read(0, bytes->data(), bytes->size());
    const std::uint64_t text_bytes = bytes->size();
    const DistributedMetadata metadata = read_distributed_metadata(std::move(bytes), file->name(), options_);
    choose_verification(metadata.stored_bytes);
    check_places(metadata.entries);

    NestedKeys keys(arena_, metadata.nested ? Kind::kDict : Kind::kOrderedDict, metadata.entries.size());
    for (const DistributedEntry& e : metadata.entries) {
      const auto refuse = [&](std::string_view reason) {
        throw FormatError(fmt::format("'{}': {}", shown_name(e.name), reason), file->name());
      };
      try {
        const std::string name = joined(e.path);
        keys.set(e.path, e.is_tensor ? tensor(e, name) : object(e, name));
      } catch (const LimitError&) {
        throw;
      } catch (const IoError&) {
        throw;
      } catch (const FormatError& error) {
        if (!error.file().empty()) throw;
        refuse(error.reason());
      } catch (const Error& error) {
        refuse(error.what());
      }
    }
    builder_.set_root(keys.take());
    builder_.read({.text_bytes = text_bytes + inside_.made().text_bytes,
                   .tensors = TreeArena::of(arena_).tensor_count() + inside_.made().tensors});
    builder_.set_verified(fully_ && without_ + inside_.without_checksum() == 0,
                          without_ + inside_.without_checksum());
    return builder_.take();
  }

 private:
  /// Archives of pieces are opened without reading their storages, which may be spread over many files: checksums are compared
  /// then, or when the bytes are read.
  void choose_verification(std::uint64_t stored_bytes) {
    const bool small = options_.verify == Verify::kBudget && stored_bytes <= options_.verify_budget;
    piece_options_.limits = options_.limits;
    piece_options_.map_location = kMeta;
    piece_options_.verify = small || options_.verify == Verify::kAll ? Verify::kAll : Verify::kNone;
    fully_ = piece_options_.verify == Verify::kAll && !options_.filter;
  }

  /// No byte of a file belongs to two pieces: what one archive costs is paid once.
  static void check_places(const std::vector<DistributedEntry>& entries) {
    std::vector<DistributedPlace> places;
    for (const DistributedEntry& e : entries) {
      if (!e.is_tensor) places.push_back(e.place);
      for (const DistributedPiece& p : e.pieces) places.push_back(p.place);
    }
    std::sort(places.begin(), places.end(), [](const DistributedPlace& a, const DistributedPlace& b) {
      return std::pair(a.file, a.offset) < std::pair(b.file, b.offset);
    });
    for (std::size_t i = 1; i < places.size(); ++i) {
      const DistributedPlace& a = places[i - 1];
      const DistributedPlace& b = places[i];
      if (a.file == b.file && b.offset - a.offset < a.size) {
        throw FormatError(fmt::format("bytes {} to {} and from {} on, of {}, belong to two pieces", a.offset,
                                      a.offset + a.size, b.offset, shown_name(b.file)));
      }
    }
  }

  std::shared_ptr<InputFile> part(const DistributedPlace& place) {
    auto& file = files_[place.file];
    if (file == nullptr) file = InputFile::open(folder_ / place.file);
    return InputFile::part_of(file, place.offset, place.size, fmt::format("at byte {}", place.offset));
  }

  Value object(const DistributedEntry& e, const std::string& name) {
    return inside_.load(part(e.place), name);
  }

  Value tensor(const DistributedEntry& e, const std::string& name) {
    TensorValue v;
    check_tiling(e.sizes, e.pieces);
    if (options_.filter && !options_.filter(name)) {
      v.tensor = empty_strided(e.sizes, contiguous_strides(e.sizes), TensorOptions(e.dtype).device(kMeta));
    } else {
      read_tensor(e, v);
    }
    return {arena_, TreeArena::of(arena_).tensor(std::move(v))};
  }

  void read_tensor(const DistributedEntry& e, TensorValue& v) {
    std::vector<OpenPiece> pieces;
    for (const DistributedPiece& p : e.pieces) {
      if (numel_of(p.sizes) > 0) pieces.push_back(open(e, p));
    }
    if (pieces.size() == 1) {
      const OpenPiece& p = pieces.front();
      const Storage s = builder_.add_storage(e.name, "cpu", *p.source);
      v.tensor = tensor_on(s, e.dtype, p.sizes, p.strides, p.storage_offset);
      return;
    }
    // Each piece has its elements in a file, and together they are those of the tensor: this much is there.
    const auto size = static_cast<std::uint64_t>(numel_of(e.sizes) * itemsize(e.dtype));
    StorageSource source{.file = nullptr, .size = size, .in_place = false};
    source.read = [pieces = std::move(pieces), dtype = e.dtype, sizes = e.sizes](std::byte* out) {
      assemble(pieces, dtype, sizes, out);
    };
    const Storage s = builder_.add_storage(e.name, "cpu", std::move(source));
    v.tensor = tensor_on(s, e.dtype, e.sizes, contiguous_strides(e.sizes), 0);
  }

  OpenPiece open(const DistributedEntry& e, const DistributedPiece& p) {
    const auto file = part(p.place);
    const Checkpoint c = load_torch_inside(file, piece_options_);
    const auto refuse = [&](const std::string& reason) {
      throw FormatError(
          fmt::format("the piece at {} of '{}': {}", shape_text(p.offsets), shown_name(e.name), reason),
          file->name());
    };
    if (!c.root().is(Kind::kTensor))
      refuse(fmt::format("should be a tensor, not {}", kind_phrase(c.root().kind())));
    const TensorValue& v = c.root().tensor();
    const bool plain = v.layout == Layout::kStrided && !v.conj && !v.neg;
    if (!plain || c.storages().size() != 1) refuse("should be a strided tensor, as it is");
    if (v.tensor.dtype() != e.dtype || v.tensor.sizes() != p.sizes.ref()) {
      refuse(fmt::format("{} of sizes {} stands there, {} of sizes {} should", dtype_name(v.tensor.dtype()),
                         shape_text(v.tensor.sizes()), dtype_name(e.dtype), shape_text(p.sizes)));
    }
    if (!is_non_overlapping_and_dense(v.tensor.sizes(), v.tensor.strides()))
      refuse("its elements should fill a block of memory");
    fully_ = fully_ && c.fully_verified();
    without_ += c.members_without_checksum();
    return {p.offsets, p.sizes, v.tensor.strides(), v.tensor.storage_offset(), c.storages()[0].source};
  }

  std::filesystem::path folder_;
  const LoadOptions& options_;
  CheckpointBuilder builder_;
  TorchInside inside_;
  LoadOptions piece_options_;
  IntrusivePtr<Arena> arena_ = TreeArena::make();
  std::unordered_map<std::string_view, std::shared_ptr<InputFile>> files_;
  bool fully_ = false;
  std::size_t without_ = 0;
};

}  // namespace

bool is_distributed_folder(const std::filesystem::path& folder) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(folder / ".metadata", unknown);
}

Checkpoint load_distributed(const std::filesystem::path& folder, const LoadOptions& options) {
  return DistributedFolder(folder, options).load();
}

}  // namespace ballast::checkpoint
