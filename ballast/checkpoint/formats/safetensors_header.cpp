#include "ballast/checkpoint/formats/safetensors_header.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "ballast/checkpoint/formats/safetensors_types.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/checkpoint/tree/json_document.h"

namespace ballast::checkpoint {
namespace {

namespace json = simdjson::ondemand;

/// Bytes of a tensor, or none where they do not fit into 63 bits. A size of 0 does not hide the others.
std::optional<std::uint64_t> bytes_of(IntArrayRef sizes, DType dtype) {
  std::int64_t product = itemsize(dtype);
  bool empty = false;
  for (const std::int64_t n : sizes) {
    empty = empty || n == 0;
    const auto next = checked_mul(product, std::max<std::int64_t>(n, 1));
    if (!next) return std::nullopt;
    product = *next;
  }
  return empty ? 0 : static_cast<std::uint64_t>(product);
}

/// The text of the header, without the spaces behind it.
std::string header_text(const InputFile& file, std::uint64_t& data) {
  const auto fail_at = [&](std::uint64_t offset, const std::string& reason) {
    throw FormatError(reason, file.name(), "", offset);
  };
  const std::uint64_t size = file.size();
  if (size < kSafetensorsLengthBytes) {
    fail_at(0,
            fmt::format("a safetensors file begins with the length of its header, 8 bytes; the file has {}",
                        size));
  }
  std::uint64_t length = 0;
  file.read(0, &length, kSafetensorsLengthBytes);
  if (std::memcmp(&length, "PK\3\4", 4) == 0) {
    fail_at(
        0,
        "a zip archive under a name that promises a safetensors file, in which no pickle can be: not read");
  }
  if (length > kLongestSafetensorsHeader) {
    fail_at(0, fmt::format(
                   "the header is said to have {} bytes, at most {} are allowed: no safetensors file, or a "
                   "damaged one",
                   length, kLongestSafetensorsHeader));
  }
  if (length > size - kSafetensorsLengthBytes) {
    fail_at(0, fmt::format(
                   "the header of a safetensors file, said to have {} bytes, and {} follow: it is cut short",
                   length, size - kSafetensorsLengthBytes));
  }
  data = kSafetensorsLengthBytes + length;
  std::string text;
  text.reserve(length + simdjson::SIMDJSON_PADDING);
  text.resize(length);
  file.read(kSafetensorsLengthBytes, text.data(), length);
  text.erase(text.find_last_not_of(' ') + 1);
  if (!text.starts_with('{')) fail_at(kSafetensorsLengthBytes, "the header should begin with {");
  if (!text.ends_with('}')) {
    fail_at(kSafetensorsLengthBytes + text.size() - 1, "the header should end with }, and spaces behind it");
  }
  return text;
}

class HeaderReader {
 public:
  HeaderReader(const InputFile& file, TreeArena& tree, const LoadLimits& limits)
      : file_(file),
        tree_(tree),
        limits_(limits),
        json_(header_text(file, out_.data), {file.name(), "", kSafetensorsLengthBytes}) {}

  SafetensorsHeader read() {
    for (auto next : json_.root()) {
      json::field field;
      json_.expect(std::move(next).get(field), "an entry");
      const std::uint64_t at = json_.offset_of(field);
      const std::string_view name = json_.key_of(field);
      if (name == kSafetensorsMetadata) {
        if (out_.has_metadata) fail_at(at, "__metadata__ stands there twice");
        out_.has_metadata = true;
        read_metadata(field.value());
      } else {
        read_entry(field.value(), tree_.text(Kind::kStr, name, true), static_cast<std::uint32_t>(at));
      }
    }
    json_.finish();
    check_places();
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& reason) const {
    json_.fail_at(offset, reason);
  }
  [[noreturn]] void fail(const std::string& reason) { json_.fail(reason); }
  void expect(simdjson::error_code error, std::string_view what) { json_.expect(error, what); }

  std::uint64_t integer_of(json::value value, std::string_view what) {
    std::uint64_t n = 0;
    expect(value.get_uint64().get(n), what);
    return n;
  }

  void read_metadata(json::value value) {
    json::object entries;
    expect(value.get_object().get(entries), "an object of strings, as __metadata__,");
    for (auto next : entries) {
      json::field field;
      expect(std::move(next).get(field), "an entry of __metadata__");
      const auto at = static_cast<std::uint32_t>(json_.offset_of(field));
      Node* key = tree_.text(Kind::kStr, json_.key_of(field), true);
      const std::string_view text = json_.text_of(field.value(), "a string, as all values of __metadata__,");
      out_.metadata.push_back({key, tree_.text(Kind::kStr, text, true), at});
    }
  }

  std::string_view field_of(json::field& field) {
    for (const std::string_view known : {"dtype", "shape", "data_offsets"}) {
      if (JsonDocument::is_key(field, known)) return known;
    }
    return json_.key_of(field);
  }

  void read_entry(json::value value, Node* name, std::uint32_t at) {
    SafetensorsHeader::Entry e{.name = name, .first_size = out_.sizes.size(), .at = at};
    json::object fields;
    expect(value.get_object().get(fields), "an object with dtype, shape and data_offsets");
    bool has_dtype = false, has_shape = false, has_offsets = false;
    for (auto next : fields) {
      json::field field;
      expect(std::move(next).get(field), "a field of a tensor");
      const std::uint64_t field_at = json_.offset_of(field);
      const std::string_view key = field_of(field);
      const auto once = [&](bool& seen) {
        if (seen) fail_at(field_at, fmt::format("'{}': {} stands there twice", shown(name), key));
        seen = true;
      };
      if (key == "dtype") {
        once(has_dtype);
        e.dtype = read_dtype(field.value(), name);
      } else if (key == "shape") {
        once(has_shape);
        e.rank = read_shape(field.value(), name);
      } else if (key == "data_offsets") {
        once(has_offsets);
        read_offsets(field.value(), e);
      } else {
        fail_at(field_at,
                fmt::format("'{}': the field '{}', where dtype, shape and data_offsets are all there are",
                            shown(name), shown_name(key)));
      }
    }
    if (!has_dtype || !has_shape || !has_offsets) {
      fail_at(at, fmt::format("'{}': there is no {}", shown(name),
                              !has_dtype   ? "dtype"
                              : !has_shape ? "shape"
                                           : "data_offsets"));
    }
    out_.tensors.push_back(e);
  }

  DType read_dtype(json::value value, const Node* name) {
    const std::string_view text = json_.text_of(value, "a string, as every dtype,");
    const auto dtype = dtype_of_safetensors(text);
    if (dtype) return *dtype;
    if (is_safetensors_fraction(text)) {
      fail(fmt::format("'{}': elements of type {}, which are no whole bytes, are not read", shown(name),
                       text));
    }
    fail(fmt::format("'{}': '{}' is no dtype of the format (F32, BF16, I64, ...)", shown(name),
                     shown_name(text)));
  }

  std::uint32_t read_shape(json::value value, const Node* name) {
    json::array items;
    expect(value.get_array().get(items), "a list of integers, as every shape,");
    std::uint32_t rank = 0;
    for (auto next : items) {
      json::value item;
      expect(next.get(item), "a size");
      const std::uint64_t n = integer_of(item, "a size, an integer from 0 to 2^63 - 1,");
      if (n > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        fail(fmt::format("'{}': a size of {}, more than 2^63 - 1", shown(name), n));
      if (rank >= limits_.rank) {
        throw LimitError(fmt::format("{}: '{}' has more dimensions than the limit (rank) of {}", file_.name(),
                                     shown(name), limits_.rank));
      }
      out_.sizes.push_back(static_cast<std::int64_t>(n));
      ++rank;
    }
    return rank;
  }

  void read_offsets(json::value value, SafetensorsHeader::Entry& e) {
    json::array items;
    expect(value.get_array().get(items), "a list of two integers, as data_offsets,");
    int n = 0;
    for (auto next : items) {
      json::value item;
      expect(next.get(item), "an offset");
      const std::uint64_t at = integer_of(item, "an offset, an integer from 0 to 2^64 - 1,");
      if (n < 2) (n == 0 ? e.begin : e.end) = at;
      ++n;
    }
    if (n != 2) fail(fmt::format("'{}': {} data_offsets, there should be two", shown(e.name), n));
  }

  /// The tensors' bytes follow each other, and are all that follows.
  void check_places() {
    auto& all = out_.tensors;
    const auto before = [](const SafetensorsHeader::Entry& a, const SafetensorsHeader::Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    };
    if (!std::is_sorted(all.begin(), all.end(), before)) std::stable_sort(all.begin(), all.end(), before);
    std::uint64_t end = 0;
    for (const auto& e : all) {
      if (e.begin != end || e.end < e.begin) {
        refuse_duplicates();
        fail_at(e.at, fmt::format(
                          "'{}' has bytes [{}, {}), and the tensors before it end at {}: they should follow "
                          "each other, without holes and overlaps",
                          shown(e.name), e.begin, e.end, end));
      }
      end = e.end;
      const auto bytes = bytes_of(out_.shape(e), e.dtype);
      if (!bytes) {
        fail_at(e.at, fmt::format("'{}': {} elements of {} do not fit into 63 bits", shown(e.name),
                                  Shown{out_.shape(e)}, dtype_name(e.dtype)));
      }
      if (*bytes != e.end - e.begin) {
        fail_at(e.at, fmt::format("'{}': {} elements of {} have {} bytes, the range [{}, {}) has {}",
                                  shown(e.name), Shown{out_.shape(e)}, dtype_name(e.dtype), *bytes, e.begin,
                                  e.end, e.end - e.begin));
      }
    }
    const std::uint64_t there = file_.size() - out_.data;
    if (end == there) return;
    fail_at(out_.data, fmt::format("the tensors have {} bytes, and {} follow the header: {}", end, there,
                                   end > there ? "the file is cut short" : "nothing may stand behind them"));
  }

  /// What is wrong with their places comes from their names, if one stands there twice.
  void refuse_duplicates() const {
    std::unordered_set<std::string_view> names;
    for (const auto& e : out_.tensors) {
      if (!names.insert(checkpoint::text_of(*e.name)).second)
        fail_at(e.at, fmt::format("the name '{}' stands there twice", shown(e.name)));
    }
  }

  static std::string shown(const Node* name) { return shown_name(checkpoint::text_of(*name)); }

  const InputFile& file_;
  TreeArena& tree_;
  const LoadLimits& limits_;
  SafetensorsHeader out_;
  JsonDocument json_;
};

}  // namespace

SafetensorsHeader read_safetensors_header(const InputFile& file, TreeArena& tree, const LoadLimits& limits) {
  return HeaderReader(file, tree, limits).read();
}

}  // namespace ballast::checkpoint
