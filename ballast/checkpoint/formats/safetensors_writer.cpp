#include "ballast/checkpoint/formats/safetensors_writer.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/ranges.h>

#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/checkpoint/bytes/tensor_pieces.h"
#include "ballast/checkpoint/formats/safetensors.h"
#include "ballast/checkpoint/formats/safetensors_header.h"
#include "ballast/checkpoint/formats/safetensors_types.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/json_tree.h"

namespace ballast::checkpoint {
namespace {

void check_tensor(const TensorLeaf& t) {
  const TensorValue& v = t.tensor();
  check<NotImplementedError>(v.layout == Layout::kStrided,
                             "'{}' is a {} tensor: a safetensors file holds dense ones", shown_name(t.name),
                             layout_name(v.layout));
  check<DTypeError>(safetensors_name(v.tensor.dtype()).has_value(),
                    "'{}' is of type {}, which safetensors files lack", shown_name(t.name),
                    dtype_name(v.tensor.dtype()));
  check<ValueError>(t.name != kSafetensorsMetadata,
                    "a tensor cannot have the name '{}' in a safetensors file", t.name);
}

/// What two tensors have in common that show the same elements in the same order.
std::string view_of(const TensorValue& v) {
  std::string out;
  const auto put = [&](std::int64_t n) { out.append(reinterpret_cast<const char*>(&n), sizeof(n)); };
  const Tensor& t = v.tensor;
  put(reinterpret_cast<std::intptr_t>(t.storage().id()));
  put(t.storage_offset());
  put(static_cast<std::int64_t>(t.dtype()) * 4 + (v.conj ? 2 : 0) + (v.neg ? 1 : 0));
  for (std::size_t d = 0; d < t.sizes().size(); ++d) {
    put(t.sizes()[d]);
    put(t.sizes()[d] > 1 ? t.strides()[d] : 0);
  }
  return out;
}

std::uint64_t bytes_of(const TensorLeaf& t) { return static_cast<std::uint64_t>(t.tensor().nbytes()); }

void append_texts(std::string& out, const Texts& texts) {
  for (const auto& [key, text] : texts) {
    if (out.back() != '{') out += ',';
    append_json(out, key);
    out += ':';
    append_json(out, text);
  }
}

std::string header_of(const std::vector<const TensorLeaf*>& tensors, const std::optional<Texts>& metadata) {
  std::string out = "{";
  if (metadata) {
    out += "\"__metadata__\":{";
    append_texts(out, *metadata);
    out += '}';
  }
  std::uint64_t at = 0;
  for (const TensorLeaf* t : tensors) {
    const Tensor& tensor = t->tensor().tensor;
    if (out.size() > 1) out += ',';
    append_json(out, t->name);
    out +=
        fmt::format(R"(:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                    *safetensors_name(tensor.dtype()), fmt::join(tensor.sizes(), ","), at, at + bytes_of(*t));
    at += bytes_of(*t);
  }
  out += '}';
  out.append((kSafetensorsLengthBytes - out.size() % kSafetensorsLengthBytes) % kSafetensorsLengthBytes, ' ');
  check<LimitError>(out.size() <= kLongestSafetensorsHeader,
                    "a header of {} bytes: at most {} are allowed in a safetensors file; write shards",
                    out.size(), kLongestSafetensorsHeader);
  return out;
}

}  // namespace

std::uint64_t SafetensorsContents::bytes() const {
  std::uint64_t sum = 0;
  for (const TensorLeaf& t : tensors) sum += bytes_of(t);
  return sum;
}

SafetensorsContents safetensors_contents(const Value& root, std::string_view format) {
  check<ValueError>(
      !root.is(Kind::kTensor) && !root.is(Kind::kNdArray),
      "a tensor cannot be written as {}, which holds tensors by name: save a dictionary of tensors", format);
  std::vector<TensorLeaf> flat = tensor_leaves(root, format);
  std::unordered_map<std::string, std::size_t> kept;  // by view: which of `flat`
  std::vector<std::size_t> kept_by(flat.size());
  for (std::size_t i = 0; i < flat.size(); ++i) {
    check_tensor(flat[i]);
    kept_by[i] = i;
    const TensorValue& v = flat[i].tensor();
    if (v.numel() == 0) continue;
    std::size_t& first = kept.try_emplace(view_of(v), i).first->second;
    if (flat[i].name < flat[first].name) first = i;
  }
  SafetensorsContents out;
  for (std::size_t i = 0; i < flat.size(); ++i) {
    const TensorValue& v = flat[i].tensor();
    if (v.numel() > 0) kept_by[i] = kept.at(view_of(v));
    if (kept_by[i] != i) out.ties.emplace_back(flat[i].name, flat[kept_by[i]].name);
  }
  for (std::size_t i = 0; i < flat.size(); ++i) {
    if (kept_by[i] == i) out.tensors.push_back(std::move(flat[i]));
  }
  std::sort(out.ties.begin(), out.ties.end());
  return out;
}

std::optional<Texts> metadata_texts(const Value& metadata, const SafetensorsContents& contents) {
  if (metadata.is_none()) return std::nullopt;
  check<DTypeError>(metadata.is_mapping(), "metadata should be a mapping of strings, and is {}",
                    kind_phrase(metadata.kind()));
  std::unordered_map<std::string_view, std::string_view> ties(contents.ties.begin(), contents.ties.end());
  std::unordered_set<std::string_view> names;
  for (const TensorLeaf& t : contents.tensors) names.insert(t.name);
  Texts out;
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    const Value key = metadata.key(i);
    const Value value = metadata.value(i);
    if (key.is(Kind::kStr) && key.as_text() == kTotalSize && value.is(Kind::kInt)) continue;
    check<DTypeError>(key.is(Kind::kStr) && value.is(Kind::kStr),
                      "metadata of a safetensors file is strings, and here {} is {}",
                      key.is(Kind::kStr) ? fmt::format("'{}'", shown_name(key.as_text())) : "a key",
                      kind_phrase((key.is(Kind::kStr) ? value : key).kind()));
    const auto tie = ties.find(key.as_text());
    if (tie != ties.end() && tie->second == value.as_text()) continue;  // said already
    const bool reads_as_tie = !names.contains(key.as_text()) && names.contains(value.as_text());
    check<ValueError>(
        tie == ties.end() && !reads_as_tie,
        "the metadata '{}': '{}' cannot be written: readers would take it for two names of one tensor",
        shown_name(key.as_text()), shown_name(value.as_text()));
    out.emplace_back(key.as_text(), value.as_text());
  }
  if (out.empty() && metadata.size() > 0) return std::nullopt;
  return out;
}

void write_safetensors(const SafetensorsContents& contents, const std::optional<Texts>& metadata,
                       const std::filesystem::path& path, bool fsync,
                       const std::function<void(std::uint64_t)>& wrote) {
  std::vector<const TensorLeaf*> tensors;
  tensors.reserve(contents.tensors.size());
  for (const TensorLeaf& t : contents.tensors) tensors.push_back(&t);
  std::sort(tensors.begin(), tensors.end(), [](const TensorLeaf* a, const TensorLeaf* b) {
    const auto order = [](const TensorLeaf* t) { return safetensors_order(t->tensor().tensor.dtype()); };
    return order(a) != order(b) ? order(a) > order(b) : a->name < b->name;
  });
  std::optional<Texts> texts = metadata;
  if (!contents.ties.empty()) {
    if (!texts) texts.emplace();
    texts->insert(texts->end(), contents.ties.begin(), contents.ties.end());
  }
  if (texts) std::sort(texts->begin(), texts->end());
  const std::string header = header_of(tensors, texts);

  AtomicFile file(path);
  const std::uint64_t length = header.size();
  file.reserve(kSafetensorsLengthBytes + length + contents.bytes());
  file.write(&length, kSafetensorsLengthBytes);
  file.write(header.data(), header.size());
  for (const TensorLeaf* t : tensors) {
    each_piece(t->tensor(), [&](const std::byte* bytes, std::size_t n) {
      file.write(bytes, n);
      wrote(n);
    });
  }
  file.commit(fsync);
}

void save_safetensors(const Value& value, const std::filesystem::path& path, const SaveOptions& options) {
  const SafetensorsContents contents = safetensors_contents(value, "a safetensors file");
  const std::optional<Texts> metadata = metadata_texts(options.metadata, contents);
  const std::uint64_t total = contents.bytes();
  std::uint64_t done = 0;
  write_safetensors(contents, metadata, path, options.fsync, [&](std::uint64_t n) {
    done += n;
    if (options.progress) options.progress(done, total);
  });
}

}  // namespace ballast::checkpoint
