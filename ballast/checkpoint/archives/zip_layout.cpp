// The bytes between the members: every local header must say what the directory says, and every byte of the file must
// belong to one member, or to the directory.
#include <algorithm>
#include <numeric>

#include "ballast/checkpoint/archives/zip_format.h"
#include "ballast/checkpoint/archives/zip_reader.h"
#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

/// Reads pieces of a file in order, through one buffer: small members cost a fraction of a system call each, and large ones
/// are jumped over, a few hundred bytes at each end of them.
class Window {
 public:
  explicit Window(const InputFile& file) : file_(file) {}

  /// `n` bytes from `offset`, valid until the next call.
  std::string_view at(std::uint64_t offset, std::uint64_t n) {
    const std::uint64_t end = begin_ + buffer_.size();
    if (offset < begin_ || offset + n > end) {
      const bool goes_on = offset >= begin_ && offset <= end + kNear;
      ahead_ = goes_on ? std::min(2 * ahead_, kMostAhead) : kNear;
      buffer_.resize(std::min(std::max(n, ahead_), file_.size() - offset));
      begin_ = offset;
      file_.read(begin_, buffer_.data(), buffer_.size());
    }
    return std::string_view(buffer_).substr(offset - begin_, n);
  }

 private:
  static constexpr std::uint64_t kNear = 512;
  static constexpr std::uint64_t kMostAhead = std::uint64_t{64} << 10;
  const InputFile& file_;
  std::uint64_t begin_ = 0;
  std::uint64_t ahead_ = kNear;
  std::string buffer_;
};

/// A descriptor has a signature or not, and sizes of four or eight bytes; it says nowhere which.
bool find_descriptor(std::string_view bytes, const ZipEntry& e, std::uint64_t& length) {
  for (const bool wide : {false, true}) {
    for (const bool signature : {true, false}) {
      const std::uint64_t n = (signature ? 4 : 0) + 4 + (wide ? 16 : 8);
      if (bytes.size() < n) continue;
      ByteReader r(bytes, {});
      if (signature && r.u32() != zip::kDataDescriptor) continue;
      const std::uint32_t crc = r.u32();
      const std::uint64_t stored = wide ? r.u64() : r.u32();
      const std::uint64_t size = wide ? r.u64() : r.u32();
      if (crc == e.crc && stored == e.stored_size && size == e.size) {
        length = n;
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void ZipReader::check_layout(const Directory& d) {
  std::vector<std::uint32_t> order(entries_.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return entries_[a].header < entries_[b].header;
  };
  // Most writers keep the directory in the order of the members.
  if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);

  constexpr std::uint64_t kLongestDescriptor = 24;
  Window window(*file_);
  std::uint64_t at = 0;
  for (const std::uint32_t k : order) {
    ZipEntry& e = entries_[k];
    if (e.header > d.offset) fail(e, "the member lies over the directory or beyond the file");
    if (e.header < at) fail(e, "the member lies over another one");
    if (e.header > at) {
      fail(at, fmt::format("{} bytes before {} belong to nothing: this is not only a zip archive",
                           e.header - at, shown_name(e.name)));
    }
    const auto left = [&](std::uint64_t from) { return d.offset - from; };
    if (left(at) < zip::kLocalHeaderSize) fail(e, "the member lies over the directory or beyond the file");

    const std::string_view fixed = window.at(at, zip::kLocalHeaderSize);
    ByteReader lengths(fixed.substr(26), {});
    const std::uint64_t name_size = lengths.u16();
    const std::uint64_t header_size = zip::kLocalHeaderSize + name_size + lengths.u16();
    if (left(at) < header_size) fail(e, "the member lies over the directory or beyond the file");
    try {
      check_local(e, window.at(at, header_size));
    } catch (const FormatError& error) {
      if (!error.file().empty()) throw;
      fail(e, error.reason());
    }
    e.data = at + header_size;
    if (left(e.data) < e.stored_size) {
      fail(e,
           fmt::format("the member of {} bytes lies over the directory or beyond the file", e.stored_size));
    }
    at = e.data + e.stored_size;
    if ((e.flags & zip::kHasDescriptor) != 0) {
      std::uint64_t length = 0;
      const std::uint64_t most = std::min(kLongestDescriptor, left(at));
      if (!find_descriptor(window.at(at, most), e, length)) {
        fail(e, "the data descriptor after the member is absent, or disagrees with the directory");
      }
      at += length;
    }
  }
  if (at != d.offset) {
    fail(at, fmt::format("{} bytes before the directory belong to nothing", d.offset - at));
  }
}

void ZipReader::check_local(ZipEntry& e, std::string_view header) const {
  ByteReader r(header, {});
  if (r.u32() != zip::kLocalHeader) r.fail_at(e.header, "no local header where the directory says");
  const auto same = [&](bool equal, std::string_view what) {
    if (!equal) {
      r.fail_at(e.header,
                fmt::format("the local header and the directory disagree about the member's {}", what));
    }
  };
  r.u16();  // version needed
  same(r.u16() == e.flags, "flags");
  same(r.u16() == e.method, "compression method");
  r.u32();  // time and date
  const std::uint32_t crc = r.u32();
  std::uint64_t stored = r.u32();
  std::uint64_t size = r.u32();
  const std::uint16_t name_size = r.u16();
  r.u16();  // extra
  same(r.bytes(name_size) == e.name, "name");

  // Written in one go, a header has zeros, and the numbers follow the data.
  if ((e.flags & zip::kHasDescriptor) != 0 && crc == 0 && stored == 0 && size == 0) return;
  if (stored == zip::kIn64 || size == zip::kIn64) {
    while (r.left() >= 4) {
      const std::uint16_t id = r.u16();
      ByteReader field(r.bytes(r.u16()), {});
      if (id != zip::kZip64Field) continue;
      if (size == zip::kIn64) size = field.u64();
      if (stored == zip::kIn64) stored = field.u64();
      break;
    }
    if ((e.flags & zip::kHasDescriptor) != 0 && stored == 0 && size == 0) return;
  }
  same(crc == e.crc, "checksum");
  same(stored == e.stored_size && size == e.size, "size");
}

}  // namespace ballast::checkpoint
