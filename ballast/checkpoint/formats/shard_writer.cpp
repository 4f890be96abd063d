#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/checkpoint/formats/safetensors_writer.h"
#include "ballast/checkpoint/formats/shard_index.h"
#include "ballast/checkpoint/formats/torch_zip.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/json_tree.h"
#include "ballast/checkpoint/tree/value_arena.h"
#include "ballast/core/shape.h"

namespace ballast::checkpoint {
namespace {

constexpr std::string_view kIndex = ".index.json";

/// `model.safetensors`: the file that there would be without shards.
std::filesystem::path whole_path(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (!name.ends_with(kIndex)) return path;
  return path.parent_path() / name.substr(0, name.size() - kIndex.size());
}

/// `model-00001-of-00003.safetensors`
std::string shard_name(const std::filesystem::path& whole, std::size_t i, std::size_t count) {
  return fmt::format("{}-{:05}-of-{:05}{}", whole.stem().string(), i + 1, count, whole.extension().string());
}

/// Puts things of given sizes, in their order, into as few shards as follow each other: where each goes. One that is larger than
/// the limit is alone.
std::vector<std::size_t> shards_of(const std::vector<std::uint64_t>& sizes, std::uint64_t limit) {
  std::vector<std::size_t> out;
  std::size_t shard = 0;
  std::uint64_t used = 0;
  bool empty = true;
  for (const std::uint64_t size : sizes) {
    if (!empty && (used > limit || size > limit - used)) {
      ++shard;
      used = 0;
    }
    used += size;
    empty = false;
    out.push_back(shard);
  }
  return out;
}

struct Index {
  std::map<std::string, std::string> metadata, weight_map;  // names in the order of the alphabet
  std::uint64_t total_size = 0;
};

void write_index(const Index& index, const std::filesystem::path& path, bool fsync) {
  std::string text = fmt::format("{{\n  \"metadata\": {{\n    \"{}\": {}", kTotalSize, index.total_size);
  const auto entry = [&](std::string_view key, std::string_view value) {
    if (text.back() != '{') text += ',';
    text += "\n    ";
    append_json(text, key);
    text += ": ";
    append_json(text, value);
  };
  for (const auto& [key, value] : index.metadata) entry(key, value);
  text += "\n  },\n  \"weight_map\": {";
  for (const auto& [name, file] : index.weight_map) entry(name, file);
  text += "\n  }\n}\n";
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit(fsync);
}

class ShardWriter {
 public:
  ShardWriter(const std::filesystem::path& path, const SaveOptions& options)
      : whole_(whole_path(path)), options_(options) {}

  void safetensors(const Value& value) {
    SafetensorsContents all = safetensors_contents(value, "a set of safetensors files");
    const std::optional<Texts> texts = metadata_texts(options_.metadata, all);
    if (texts) note(*texts);
    note(all.ties);
    std::vector<std::uint64_t> sizes;
    sizes.reserve(all.tensors.size());
    for (const TensorLeaf& t : all.tensors) sizes.push_back(static_cast<std::uint64_t>(t.tensor().nbytes()));
    const std::vector<std::size_t> place = place_all(sizes);
    std::vector<SafetensorsContents> parts(count_);
    std::unordered_map<std::string, std::size_t> shard_of;
    for (std::size_t i = 0; i < place.size(); ++i) {
      shard_of.emplace(all.tensors[i].name, place[i]);
      parts[place[i]].tensors.push_back(std::move(all.tensors[i]));
    }
    for (auto& tie : all.ties) parts[shard_of.at(tie.second)].ties.push_back(std::move(tie));
    for (std::size_t i = 0; i < count_; ++i) {
      for (const TensorLeaf& t : parts[i].tensors) index_.weight_map.emplace(t.name, name_of(i));
      write_safetensors(parts[i], texts, whole_.parent_path() / name_of(i), options_.fsync,
                        [&](std::uint64_t n) { progress(n); });
    }
    finish();
  }

  void torch_zips(const Value& value) {
    const std::vector<TensorLeaf> all = tensor_leaves(value, "a set of torch files");
    if (const auto texts = metadata_texts(options_.metadata, {})) note(*texts);
    // What shares a storage goes together.
    std::vector<Range> ranges;
    std::unordered_map<const void*, std::size_t> unit_of;
    std::vector<std::size_t> unit(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor& t = dense(all[i]);
      const auto [it, first] = unit_of.try_emplace(t.storage().id(), ranges.size());
      if (first) ranges.emplace_back();
      unit[i] = it->second;
      ranges[unit[i]].add(t, options_.compact);
    }
    std::vector<std::uint64_t> sizes;
    sizes.reserve(ranges.size());
    for (const Range& r : ranges) sizes.push_back(r.end - r.begin);
    const std::vector<std::size_t> place = place_all(sizes);
    std::vector<Value> parts;
    parts.reserve(count_);
    for (std::size_t i = 0; i < count_; ++i) parts.push_back(Value::ordered_dict());
    std::unordered_map<const void*, Value> copies;  // one object under two names stays one
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto [it, first] = copies.try_emplace(all[i].value.id());
      if (first) it->second = copy_of(all[i].value.tensor());
      parts[place[unit[i]]].set(all[i].name, it->second);
      index_.weight_map.emplace(all[i].name, name_of(place[unit[i]]));
    }
    for (std::size_t i = 0; i < count_; ++i) {
      if (value.attributes().is_mapping()) parts[i].set_attributes(value.attributes());
      SaveOptions options = options_;
      options.metadata = {};
      std::uint64_t done = 0;
      options.progress = [&](std::uint64_t now, std::uint64_t /*total*/) {
        progress(now - std::exchange(done, now));
      };
      save_torch_zip(parts[i], whole_.parent_path() / name_of(i), options);
    }
    finish();
  }

 private:
  /// Bytes of a storage that are written.
  struct Range {
    std::uint64_t begin = ~std::uint64_t{0}, end = 0;
    void add(const Tensor& t, bool compact) {
      const auto size = static_cast<std::uint64_t>(t.itemsize());
      const auto extent = storage_extent(t.sizes(), t.strides(), t.storage_offset()).value_or(0);
      const std::uint64_t last = static_cast<std::uint64_t>(extent) * size;
      begin = std::min(begin,
                       compact ? std::min(static_cast<std::uint64_t>(t.storage_offset()) * size, last) : 0);
      end = std::max(end, compact ? last : t.is_meta() ? 0 : t.storage().nbytes());
    }
  };

  static const Tensor& dense(const TensorLeaf& t) {
    const TensorValue& v = t.tensor();
    check<NotImplementedError>(v.layout == Layout::kStrided, "'{}' is a {} tensor: shards hold dense ones",
                               shown_name(t.name), layout_name(v.layout));
    check<ValueError>(v.tensor.defined(), "'{}' is an undefined tensor", shown_name(t.name));
    return v.tensor;
  }
  /// The tensor in a tree of its own: what is saved may be in use elsewhere.
  static Value copy_of(const TensorValue& v) {
    TensorValue copy;
    copy.tensor = v.tensor;
    copy.conj = v.conj;
    copy.neg = v.neg;
    copy.requires_grad = v.requires_grad;
    copy.parameter = v.parameter;
    const IntrusivePtr<Arena> arena = TreeArena::make();
    return {arena, TreeArena::of(arena).tensor(std::move(copy))};
  }

  void note(const Texts& texts) {
    for (const auto& [key, text] : texts) index_.metadata.emplace(key, text);
  }
  std::vector<std::size_t> place_all(const std::vector<std::uint64_t>& sizes) {
    for (const std::uint64_t size : sizes) index_.total_size += size;
    std::vector<std::size_t> place = shards_of(sizes, options_.shard_size);
    count_ = place.empty() ? 1 : place.back() + 1;
    return place;
  }
  [[nodiscard]] std::string name_of(std::size_t i) const { return shard_name(whole_, i, count_); }
  void progress(std::uint64_t n) {
    done_ += n;
    if (options_.progress) options_.progress(done_, index_.total_size);
  }
  /// Last: an index names only what is there.
  void finish() const {
    write_index(index_, whole_.parent_path() / (whole_.filename().string() + std::string(kIndex)),
                options_.fsync);
  }

  std::filesystem::path whole_;
  const SaveOptions& options_;
  Index index_;
  std::size_t count_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace

void save_shards(const Value& value, const std::filesystem::path& path, const SaveOptions& options) {
  const FileFormat format = format_of(path, options);
  ShardWriter writer(path, options);
  if (format == FileFormat::kSafetensors) return writer.safetensors(value);
  check<ValueError>(format == FileFormat::kTorchZip,
                    "{}: only safetensors and torch files are written as shards (shard_size)", path.string());
  writer.torch_zips(value);
}

}  // namespace ballast::checkpoint
