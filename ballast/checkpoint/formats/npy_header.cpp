#include "ballast/checkpoint/formats/npy_header.h"

#include <algorithm>

#include "ballast/checkpoint/formats/npy_literal.h"
#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/checkpoint/shown_name.h"
#include "ballast/core/shape.h"
#include "ballast/core/utf8.h"

namespace ballast::checkpoint {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMagic = "\x93NUMPY"sv;
constexpr std::uint64_t kAlignment = 64;
constexpr std::uint64_t kUsualLength = 128;
constexpr std::uint64_t kShortest = 10, kShortestOfNewer = 12;  // magic, version, length
constexpr std::size_t kLongestOfVersion1 = 0xFFFF;

/// What a type is that has no dtype here.
std::string refusal_of(std::string_view descr) {
  const std::string shown = shown_name(descr);
  const char kind = descr.find_first_not_of("<>=|") == std::string_view::npos
                        ? '\0'
                        : descr[descr.find_first_not_of("<>=|")];
  switch (kind) {
    case 'O':
      return fmt::format("elements of type '{}' are Python objects, kept as a pickle: it is not run", shown);
    case 'S':
    case 'a':
    case 'U':
    case 'T':
      return fmt::format("elements of type '{}' are texts: arrays of numbers are read", shown);
    case 'V':
      return fmt::format("elements of type '{}' are raw bytes of unknown meaning: arrays of numbers are read",
                         shown);
    case 'M':
    case 'm':
      return fmt::format("elements of type '{}' are dates or durations: arrays of numbers are read", shown);
    default:
      return fmt::format(
          "elements of type '{}': bool, and integers, floating and complex numbers of 1 to 8 (complex: 16) "
          "bytes are read",
          shown);
  }
}

std::string text_of_shape(IntArrayRef shape) {
  std::string out = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) out += ' ';
    out += fmt::format("{},", shape[i]);
  }
  if (shape.size() > 1) out.pop_back();
  return out + ")";
}

}  // namespace

NpyHeader read_npy_header(std::uint64_t size, const std::function<std::string(std::uint64_t n)>& start,
                          const Place& place, const LoadLimits& limits) {
  std::string bytes = start(std::min(size, kUsualLength));
  ByteReader r(bytes, place);
  const auto fail_at = [&](std::uint64_t at, const std::string& reason) {
    r.fail_at(place.offset + at, reason);
  };
  if (r.bytes(kMagic.size()) != kMagic) fail_at(0, "not a NumPy array: it begins with other letters");
  const std::uint8_t version = r.u8();
  const std::uint8_t minor = r.u8();
  if (version < 1 || version > 3 || minor != 0)
    fail_at(kMagic.size(),
            fmt::format("version {}.{} of the format: 1.0, 2.0 and 3.0 are read", version, minor));
  const std::uint64_t length = version == 1 ? r.u16() : r.u32();
  const std::uint64_t prefix = version == 1 ? kShortest : kShortestOfNewer;
  if (length > size - prefix) {
    fail_at(
        kMagic.size() + 2,
        fmt::format("a header of {} bytes, and {} are left: the file is cut short or lies about its length",
                    length, size - prefix));
  }
  check<LimitError>(length <= limits.string_bytes, "{}: a header of {} bytes, the limit (string_bytes) is {}",
                    place.file, length, limits.string_bytes);
  NpyHeader out;
  out.length = prefix + length;
  if (bytes.size() < out.length) bytes = start(out.length);
  if (bytes.size() < out.length)
    fail_at(0, fmt::format("a header of {} bytes that cannot be unpacked", length));

  const std::string_view text = std::string_view(bytes).substr(prefix, length);
  const NpyFail fail = [&](std::size_t at, const std::string& reason) { fail_at(prefix + at, reason); };
  if (version == 3 && !is_utf8(text)) fail(0, "the header is no UTF-8");
  NpyLiteral literal = read_npy_literal(text, limits.rank, fail);
  const auto type = numpy_type(literal.descr);
  if (!type) fail(0, refusal_of(literal.descr));
  out.type = *type;
  out.shape = std::move(literal.shape);
  std::optional<std::int64_t> nbytes;
  try {
    nbytes = checked_mul(numel_of(out.shape), itemsize(out.type.dtype));
  } catch (const ShapeError&) {
  }
  if (!nbytes) fail(0, fmt::format("a shape of {} has more elements than any file", shape_text(out.shape)));
  out.strides = numpy_strides(out.shape, literal.fortran);
  out.nbytes = static_cast<std::uint64_t>(*nbytes);
  const std::uint64_t there = size - out.length;
  if (out.nbytes > there) {
    fail_at(out.length,
            fmt::format("{} elements of type {} are {} bytes, and {} are there: the file is cut short",
                        shape_text(out.shape), literal.descr, out.nbytes, there));
  }
  if (out.nbytes < there) {
    fail_at(
        out.length + out.nbytes,
        fmt::format("{} bytes follow the array: a file of several arrays is not read", there - out.nbytes));
  }
  return out;
}

std::string npy_header_of(DType dtype, IntArrayRef shape, bool fortran) {
  const auto descr = numpy_descr(dtype);
  check<DTypeError>(descr.has_value(), "NumPy has no type for {}", dtype_name(dtype));
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}", *descr,
                                 fortran ? "True" : "False", text_of_shape(shape));
  // NumPy leaves room for the size that grows when arrays are appended.
  constexpr std::size_t kLongestSize = 21;
  if (!shape.empty()) {
    const std::size_t digits = fmt::formatted_size("{}", fortran ? shape[shape.size() - 1] : shape[0]);
    text.append(kLongestSize - std::min(kLongestSize, digits), ' ');
  }
  const auto padded = [&](std::uint64_t prefix) {
    const std::uint64_t end = prefix + text.size() + 1;
    return text.size() + (kAlignment - end % kAlignment) + 1;
  };
  const bool newer = padded(kShortest) > kLongestOfVersion1;
  const std::size_t length = padded(newer ? kShortestOfNewer : kShortest);
  std::string out(kMagic);
  out += newer ? '\2' : '\1';
  out += '\0';
  for (std::size_t i = 0; i < (newer ? 4u : 2u); ++i) out += static_cast<char>(length >> (8 * i) & 0xFF);
  text.resize(length - 1, ' ');
  return out + text + "\n";
}

NpyArray npy_array_of(const Tensor& t, std::string_view name) {
  check<DTypeError>(
      numpy_descr(t.dtype()).has_value(),
      "'{}' is a tensor of type {}, which NumPy lacks: convert it to another first (float32 holds "
      "bfloat16 and float8 exactly)",
      shown_name(name), dtype_name(t.dtype()));
  Dims sizes(t.sizes());
  Dims strides(t.strides());
  std::reverse(sizes.begin(), sizes.end());
  std::reverse(strides.begin(), strides.end());
  const bool fortran = !t.is_contiguous() && is_contiguous(sizes, strides);
  return {npy_header_of(t.dtype(), t.sizes(), fortran),
          fortran ? t.alias(sizes, strides, t.storage_offset()) : t};
}

}  // namespace ballast::checkpoint
