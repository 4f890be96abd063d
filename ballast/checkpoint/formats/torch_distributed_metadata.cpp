#include "ballast/checkpoint/formats/torch_distributed_metadata.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "ballast/checkpoint/pickle/pickle_globals.h"
#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

// Keys may stand once in the file and be named again and again. An honest file holds most of each.
constexpr std::uint64_t kPathBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kPathBytesPerByte = 4;
constexpr std::size_t kDeepestPath = 256;

/// Dimensions as a key of a map.
std::string key_of(IntArrayRef dims) {
  return {reinterpret_cast<const char*>(dims.data()), dims.size() * sizeof(std::int64_t)};
}

class MetadataReader {
 public:
  MetadataReader(std::shared_ptr<const std::string> bytes, const std::string& file,
                 const LoadOptions& options)
      : bytes_(std::move(bytes)), file_(file), options_(options) {}

  DistributedMetadata read() {
    const IntrusivePtr<Arena> arena = TreeArena::make();
    TreeArena& tree = TreeArena::of(arena);
    tree.keep(bytes_);
    Node* root = run_pickle(
        tree,
        {.bytes = *bytes_, .place = {file_, ""}, .limits = options_.limits, .file_size = bytes_->size()},
        [](Node*) -> Node* { throw FormatError("a persistent id, which metadata has no use for"); });
    out_.tree = Value(arena, root);
    if (!is_a(out_.tree, "Metadata")) fail("the object should be a Metadata of torch.distributed.checkpoint");
    read_places(mapping(out_.tree, "storage_data"));
    const Value entries = mapping(out_.tree, "state_dict_metadata");
    const Value planner = field(out_.tree, "planner_data");
    out_.nested = planner.is_mapping();
    out_.entries.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!entries.key(i).is(Kind::kStr)) fail("the keys of state_dict_metadata should be strings");
      name_ = entries.key(i).as_text();
      spend(name_.size());
      out_.entries.push_back(entry(entries.key(i), entries.value(i), planner));
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw FormatError(name_.empty() ? reason : fmt::format("'{}': {}", shown_name(name_), reason), file_);
  }

  /// Whether a value is an object of a class of this name: its module has moved over the years.
  static bool is_a(const Value& v, std::string_view name) {
    if (!v.is(Kind::kObject)) return false;
    const std::string_view full = v.as_text();
    return full.starts_with("torch.distributed.") && full.ends_with(name) &&
           full[full.size() - name.size() - 1] == '.';
  }
  /// An attribute; None if there is none.
  static Value field(const Value& object, std::string_view name) {
    const Value attributes = object.attributes();
    return attributes.is_mapping() ? attributes.find(name).value_or(Value()) : Value();
  }
  Value mapping(const Value& object, std::string_view name) const {
    Value v = field(object, name);
    if (!v.is_mapping()) fail(fmt::format("{} should be a dict", name));
    return v;
  }
  std::uint64_t number(const Value& object, std::string_view name) const {
    const Value v = field(object, name);
    if (!v.is(Kind::kInt) || !v.fits_int64() || v.as_int() < 0)
      fail(fmt::format("{} should be a number from 0", name));
    return static_cast<std::uint64_t>(v.as_int());
  }
  Dims dims(const Value& v, std::string_view what) const {
    if (!v.is_sequence()) fail(fmt::format("{} should be a torch.Size", what));
    check<LimitError>(v.size() <= options_.limits.rank, "{}: '{}' has {} dimensions, the limit (rank) is {}",
                      file_, shown_name(name_), v.size(), options_.limits.rank);
    Dims out(v.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Value item = v.item(i);
      if (!item.is(Kind::kInt) || !item.fits_int64() || item.as_int() < 0)
        fail(fmt::format("{} should hold numbers from 0", what));
      out[i] = item.as_int();
    }
    return out;
  }

  void spend(std::uint64_t path_bytes) {
    path_bytes_ += path_bytes;
    check<LimitError>(path_bytes_ <= kPathBytes + kPathBytesPerByte * bytes_->size(),
                      "{}: the names ask for more memory than a file of its size can mean", file_);
  }

  /// One name may be one object that many pieces refer to: what is known of it is found by its identity.
  struct Places {
    std::unordered_map<std::string, DistributedPlace> pieces;  // by their offsets
    std::optional<DistributedPlace> whole;                     // of an object

    [[nodiscard]] const DistributedPlace* piece(const std::string& offsets) const {
      const auto it = pieces.find(offsets);
      return it == pieces.end() ? nullptr : &it->second;
    }
  };
  Places& places_of(const Value& name) {
    const auto [it, first] = places_by_id_.try_emplace(name.id(), nullptr);
    if (first) it->second = &places_[name.as_text()];
    return *it->second;
  }

  void read_places(const Value& storage_data) {
    for (std::size_t i = 0; i < storage_data.size(); ++i) {
      const Value index = storage_data.key(i);
      const Value info = storage_data.value(i);
      const Value name = is_a(index, "MetadataIndex") ? field(index, "fqn") : Value();
      if (!name.is(Kind::kStr)) fail("the keys of storage_data should be MetadataIndex objects with a name");
      if (!is_a(info, "_StorageInfo")) fail("the values of storage_data should be _StorageInfo objects");
      const Value path = field(info, "relative_path");
      if (!path.is(Kind::kStr)) fail("relative_path should be a string");
      if (const Value transforms = field(info, "transform_descriptors");
          transforms.is_sequence() && transforms.size() > 0) {
        throw FormatError(
            fmt::format("'{}' is stored transformed (compressed, say): not read", shown_name(name.as_text())),
            file_);
      }
      const DistributedPlace place{path.as_text(), number(info, "offset"), number(info, "length")};
      check_path(path);
      Places& places = places_of(name);
      const Value offset = field(index, "offset");
      const bool fresh = offset.is_none()
                             ? !std::exchange(places.whole, place).has_value()
                             : places.pieces.emplace(key_of(dims(offset, "offset")), place).second;
      if (!fresh) {
        throw FormatError(fmt::format("a piece of '{}' has two places", shown_name(name.as_text())), file_);
      }
      const auto sum =
          checked_add(static_cast<std::int64_t>(out_.stored_bytes), static_cast<std::int64_t>(place.size));
      if (!sum) fail("the lengths add up to more than a file can have");
      out_.stored_bytes = static_cast<std::uint64_t>(*sum);
    }
  }

  /// Files stand in the folder, or in folders of it.
  void check_path(const Value& path) {
    if (!checked_paths_.insert(path.id()).second) return;
    const std::string_view p = path.as_text();
    bool leaves = p.empty() || p.front() == '/' || p.find('\0') != std::string_view::npos;
    for (std::size_t begin = 0; !leaves && begin <= p.size();) {
      const std::size_t end = std::min(p.find('/', begin), p.size());
      leaves = p.substr(begin, end - begin) == "..";
      begin = end + 1;
    }
    if (leaves)
      fail(fmt::format("the file '{}' does not stand in the folder of the checkpoint", shown_name(p)));
  }

  DistributedEntry entry(const Value& name, const Value& what, const Value& planner) {
    DistributedEntry e;
    e.name = name.as_text();
    e.path = path(name, planner);
    const auto found = places_.find(name.as_text());
    if (is_a(what, "BytesStorageMetadata")) {
      if (found == places_.end() || !found->second.whole) fail("it has no place in storage_data");
      e.place = *found->second.whole;
      return e;
    }
    if (!is_a(what, "TensorStorageMetadata"))
      fail("it should be a TensorStorageMetadata or a BytesStorageMetadata");
    e.is_tensor = true;
    e.dtype = dtype_of(field(what, "properties"));
    e.sizes = dims(field(what, "size"), "size");
    const Value chunks = field(what, "chunks");
    if (!chunks.is_sequence()) fail("chunks should be a list");
    seen_pieces_.clear();
    for (std::size_t i = 0; i < chunks.size(); ++i)
      add_piece(e, chunks.item(i), found == places_.end() ? nullptr : &found->second);
    return e;
  }

  std::vector<Value> path(const Value& name, const Value& planner) {
    const std::optional<Value> found = planner.is_mapping() ? planner.find(name.as_text()) : std::nullopt;
    if (!found) return {name};
    if (!found->is_sequence() || found->size() == 0) fail("planner_data should hold a tuple of keys for it");
    check<LimitError>(found->size() <= kDeepestPath, "{}: '{}' is nested {} deep, at most {} are read", file_,
                      shown_name(name_), found->size(), kDeepestPath);
    std::vector<Value> out;
    for (std::size_t i = 0; i < found->size(); ++i) {
      out.push_back(found->item(i));
      const Value& key = out.back();
      const bool position = i > 0 && key.is(Kind::kInt) && key.fits_int64() && key.as_int() >= 0;
      if (!key.is(Kind::kStr) && !position) fail("planner_data should hold strings, and positions in lists");
      spend(key.is(Kind::kStr) ? key.as_text().size() + 1 : sizeof(std::int64_t));
    }
    return out;
  }

  DType dtype_of(const Value& properties) const {
    // Its state is a tuple: type, layout, whether it requires a gradient, format of memory, whether it was pinned.
    const Value state = is_a(properties, "TensorProperties") ? properties.attributes() : Value();
    const Value type = state.is_sequence() && state.size() > 0 ? state.item(0) : field(properties, "dtype");
    const GlobalName* row = type.is(Kind::kDType) ? global_of(type.node()) : nullptr;
    if (row == nullptr) fail("properties should begin with a dtype");
    if (!row->dtype) fail(fmt::format("tensors of type {} are not read", row->name));
    return *row->dtype;
  }

  void add_piece(DistributedEntry& e, const Value& chunk, const Places* places) {
    if (!is_a(chunk, "ChunkStorageMetadata")) fail("chunks should hold ChunkStorageMetadata objects");
    DistributedPiece piece{
        dims(field(chunk, "offsets"), "offsets"), dims(field(chunk, "sizes"), "sizes"), {}};
    if (piece.offsets.size() != e.sizes.size() || piece.sizes.size() != e.sizes.size()) {
      fail(fmt::format("a piece at {} of sizes {}, of a tensor of sizes {}", shape_text(piece.offsets),
                       shape_text(piece.sizes), shape_text(e.sizes)));
    }
    for (std::size_t i = 0; i < e.sizes.size(); ++i) {
      if (piece.offsets[i] > e.sizes[i] || piece.sizes[i] > e.sizes[i] - piece.offsets[i]) {
        fail(fmt::format("the piece at {} of sizes {} reaches out of the tensor, whose sizes are {}",
                         shape_text(piece.offsets), shape_text(piece.sizes), shape_text(e.sizes)));
      }
    }
    // Where several processes had one piece, older versions list it for each.
    const auto [seen, fresh] = seen_pieces_.try_emplace(key_of(piece.offsets), piece.sizes);
    if (!fresh) {
      if (seen->second.ref() == piece.sizes.ref()) return;
      fail(fmt::format("two pieces at {}, of sizes {} and {}", shape_text(piece.offsets),
                       shape_text(seen->second), shape_text(piece.sizes)));
    }
    const DistributedPlace* place = places == nullptr ? nullptr : places->piece(seen->first);
    if (place == nullptr)
      fail(fmt::format("the piece at {} has no place in storage_data", shape_text(piece.offsets)));
    piece.place = *place;
    e.pieces.push_back(std::move(piece));
  }

  std::shared_ptr<const std::string> bytes_;
  const std::string& file_;
  const LoadOptions& options_;
  DistributedMetadata out_;
  std::string_view name_;
  std::uint64_t path_bytes_ = 0;
  std::unordered_map<std::string_view, Places> places_;  // by name
  std::unordered_map<const void*, Places*> places_by_id_;
  std::unordered_set<const void*> checked_paths_;
  std::unordered_map<std::string, Dims> seen_pieces_;  // of one tensor, by offsets
};

}  // namespace

DistributedMetadata read_distributed_metadata(std::shared_ptr<const std::string> bytes,
                                              const std::string& file, const LoadOptions& options) {
  return MetadataReader(std::move(bytes), file, options).read();
}

}  // namespace ballast::checkpoint
