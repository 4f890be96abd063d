#include "ballast/checkpoint/formats/gguf_header.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/core/shape.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint32_t kOldest = 2, kNewest = 3;
constexpr std::uint32_t kMostDimensions = 4;
constexpr std::uint64_t kShortestKey = 13;     // length, type, a value of one byte
constexpr std::uint64_t kShortestTensor = 24;  // length, dimensions, type, offset

class HeaderReader {
 public:
  HeaderReader(const std::shared_ptr<InputFile>& file, const LoadLimits& limits)
      : c_(file), limits_(limits) {}

  GgufHeader read() {
    check_version();
    const std::uint64_t tensors = count("tensors", kShortestTensor);
    const std::uint64_t keys = count("keys", kShortestKey);
    GgufMetadata metadata = read_gguf_metadata(c_, keys, limits_);
    out_.metadata = std::move(metadata.values);
    alignment_ = metadata.alignment;
    // Again: the keys have taken some of the bytes.
    if (tensors > c_.left() / kShortestTensor)
      c_.fail(fmt::format("{} tensors are announced, and {} bytes are left", tensors, c_.left()));
    out_.tensors.reserve(tensors);
    for (std::uint64_t i = 0; i < tensors; ++i) read_tensor();
    out_.length = c_.offset();
    place_tensors();
    return std::move(out_);
  }

 private:
  void check_version() {
    if (c_.bytes(kMagic.size()) != kMagic) c_.fail_at(0, "not a GGUF file: it begins with other letters");
    const std::uint32_t version = c_.u32();
    constexpr std::uint32_t kLowHalf = 0xFFFF;
    if (version != 0 && (version & kLowHalf) == 0)
      c_.fail_at(kMagic.size(), "a big-endian GGUF file: little-endian ones are read");
    if (version < kOldest || version > kNewest)
      c_.fail_at(kMagic.size(),
                 fmt::format("version {} of GGUF: {} and {} are read", version, kOldest, kNewest));
  }

  std::uint64_t count(std::string_view what, std::uint64_t shortest) {
    const std::uint64_t n = c_.u64();
    if (n > c_.left() / shortest) {
      c_.fail_at(
          c_.offset() - sizeof(n),
          fmt::format(
              "{} {} are announced, and {} bytes are left: the file is cut short or lies about a number", n,
              what, c_.left()));
    }
    check<LimitError>(n <= limits_.entries, "{}: {} {}, the limit (entries) is {}", c_.file().name(), n, what,
                      limits_.entries);
    return n;
  }

  void read_tensor() {
    at_ = c_.offset();
    GgufTensor t;
    const std::uint64_t length = c_.u64();
    if (length <= c_.left()) {
      check<LimitError>(length <= limits_.string_bytes,
                        "{}: a name of {} bytes, the limit (string_bytes) is {}", c_.file().name(), length,
                        limits_.string_bytes);
    }
    t.name = c_.bytes(length);
    if (!is_utf8(t.name)) refuse(t, "has a name that is no UTF-8");
    const std::uint32_t rank = c_.u32();
    if (rank > kMostDimensions)
      refuse(t, fmt::format("has {} dimensions: at most {} are read", rank, kMostDimensions));
    t.sizes = Dims(rank);
    for (std::uint32_t d = 0; d < rank; ++d) {
      const std::uint64_t size = c_.u64();
      if (size > INT64_MAX) refuse(t, fmt::format("has a size of {}, beyond 2^63", size));
      t.sizes[rank - 1 - d] = static_cast<std::int64_t>(size);
    }
    const std::uint32_t type = c_.u32();
    t.type = ggml_type(type);
    if (t.type == nullptr) refuse(t, fmt::format("has the element type {}, which is unknown", type));
    t.offset = c_.u64();
    const std::int64_t row = rank == 0 ? 1 : t.sizes.back();
    if (row % t.type->block != 0) {
      refuse(t, fmt::format("has rows of {} elements, no multiple of the {} of a block of {}", row,
                            t.type->block, t.type->name));
    }
    const auto nbytes = gguf_nbytes(*t.type, t.sizes);
    if (!nbytes)
      refuse(t, fmt::format("has a shape of {}: more elements than any file", shape_text(t.sizes)));
    t.nbytes = *nbytes;
    if (t.offset % alignment_ != 0)
      refuse(t, fmt::format("begins at byte {} of the data, no multiple of {}", t.offset, alignment_));
    out_.tensors.push_back(std::move(t));
  }

  /// From offsets in the data to offsets in the file.
  void place_tensors() {
    const std::uint64_t data = (out_.length + alignment_ - 1) / alignment_ * alignment_;
    const std::uint64_t size = c_.file().size();
    const std::uint64_t there = size > data ? size - data : 0;
    for (GgufTensor& t : out_.tensors) {
      at_ = out_.length;
      if (t.offset > there || t.nbytes > there - t.offset) {
        refuse(t, fmt::format("has {} bytes from byte {} of the data on, and there are {}: the file is cut "
                              "short or lies about "
                              "a place",
                              t.nbytes, t.offset, there));
      }
      t.offset += data;
    }
    std::vector<std::size_t> order(out_.tensors.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::erase_if(order, [&](std::size_t i) { return out_.tensors[i].nbytes == 0; });
    const auto before = [&](std::size_t a, std::size_t b) {
      return out_.tensors[a].offset < out_.tensors[b].offset;
    };
    // Most writers keep them in order.
    if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
    for (std::size_t i = 1; i < order.size(); ++i) {
      const GgufTensor& last = out_.tensors[order[i - 1]];
      const GgufTensor& t = out_.tensors[order[i]];
      if (last.offset + last.nbytes > t.offset)
        refuse(t, fmt::format("lies over '{}'", shown_name(last.name)));
    }
  }

  [[noreturn]] void refuse(const GgufTensor& t, const std::string& reason) const {
    c_.fail_at(at_, fmt::format("the tensor '{}' {}", shown_name(t.name), reason));
  }

  GgufCursor c_;
  const LoadLimits& limits_;
  GgufHeader out_;
  std::uint64_t alignment_ = 0;
  std::uint64_t at_ = 0;
};

}  // namespace

GgufHeader read_gguf_header(const std::shared_ptr<InputFile>& file, const LoadLimits& limits) {
  return HeaderReader(file, limits).read();
}

std::optional<std::uint64_t> gguf_nbytes(const GgmlType& type, IntArrayRef sizes) noexcept {
  // A size of zero does not hide others that are too large.
  std::optional<std::int64_t> numel = 1;
  bool none = false;
  for (const std::int64_t size : sizes) {
    none = none || size == 0;
    if (size > 0 && numel) numel = checked_mul(*numel, size);
  }
  // The values may become numbers of eight bytes.
  constexpr std::int64_t kWidest = 8;
  if (!numel || !checked_mul(*numel, kWidest)) return std::nullopt;
  if (none) return 0;
  const auto blocks = *numel / static_cast<std::int64_t>(type.block);
  const auto bytes = checked_mul(blocks, static_cast<std::int64_t>(type.block_bytes));
  if (!bytes) return std::nullopt;
  return static_cast<std::uint64_t>(*bytes);
}

Dims gguf_byte_sizes(const GgmlType& type, IntArrayRef sizes) {
  Dims out(sizes);
  if (!out.empty()) out.back() = out.back() / type.block * type.block_bytes;
  return out;
}

}  // namespace ballast::checkpoint
