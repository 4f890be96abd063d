#include "ballast/checkpoint/archives/zip_writer.h"

#include <algorithm>
#include <array>
#include <concepts>

#include "ballast/checkpoint/archives/zip_format.h"
#include "ballast/checkpoint/bytes/crc32.h"
#include "ballast/core/error.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kAlignment = 64;
// Small enough to be in the cache when it is written, after its checksum; whole pieces of the file, which the page cache keeps in
// pages of that size.
constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
constexpr std::uint16_t kFlags = zip::kHasDescriptor | zip::kUtf8Name;
constexpr std::uint16_t kVersion = 0, kVersion64 = 45;
constexpr std::uint64_t kFieldHeader = 4;
constexpr std::uint64_t kLongestDescriptor = 24, kLongestIn64 = 24;
constexpr std::size_t kMostName = 0xFFFF;
constexpr auto kFill = [] {
  std::array<char, kAlignment> fill{};
  fill.fill('Z');
  return fill;
}();

/// A record of fixed parts, put together before it is written.
class Record {
 public:
  template <std::unsigned_integral... T>
  Record& put(T... values) {
    (append(values), ...);
    return *this;
  }
  void to(AtomicFile& out) const { out.write(bytes_.data(), size_); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  template <std::unsigned_integral T>
  void append(T v) {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes_[size_++] = static_cast<char>(v >> (8 * i) & 0xFF);
  }
  std::array<char, 2 * zip::kEnd64Size> bytes_;
  std::size_t size_ = 0;
};

using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

U32 small(U64 v) { return static_cast<U32>(std::min<U64>(v, zip::kIn64)); }

}  // namespace

void ZipWriter::expect(U64 members, U64 names, U64 data) {
  constexpr U64 kEach = zip::kLocalHeaderSize + kFieldHeader + kAlignment + kLongestDescriptor +
                        zip::kDirectoryEntrySize + kFieldHeader + kLongestIn64;
  out_.reserve(out_.size() + members * kEach + 2 * names + data + zip::kEnd64Size + zip::kEnd64LocatorSize +
               zip::kEndSize);
}

void ZipWriter::add(std::string_view name, const void* bytes, U64 size) {
  begin(name);
  append(bytes, size);
  end();
}

void ZipWriter::begin(std::string_view name) {
  check<ValueError>(name.size() <= kMostName, "a member's name of {} bytes: a zip archive holds {} at most",
                    name.size(), kMostName);
  const U64 header = out_.size();
  const U64 before = header + zip::kLocalHeaderSize + name.size() + kFieldHeader;
  const U64 fill = (kAlignment - before % kAlignment) % kAlignment;
  constexpr U16 kFillField = 'F' | 'B' << 8;
  Record()
      .put(zip::kLocalHeader, kVersion, kFlags, zip::kStored, U32{0}, U32{0}, U32{0}, U32{0},
           static_cast<U16>(name.size()), static_cast<U16>(kFieldHeader + fill))
      .to(out_);
  out_.write(name.data(), name.size());
  Record().put(kFillField, static_cast<U16>(fill)).to(out_);
  out_.write(kFill.data(), fill);
  members_.push_back({header, 0, 0, static_cast<U16>(name.size())});
  names_ += name;
}

void ZipWriter::append(const void* bytes, std::uint64_t size) {
  Member& m = members_.back();
  const auto* from = static_cast<const char*>(bytes);
  for (U64 done = 0; done < size;) {
    const auto n = static_cast<std::size_t>(std::min(kPiece - out_.size() % kPiece, size - done));
    m.crc = crc32(m.crc, from + done, n);
    out_.write(from + done, n);
    done += n;
  }
  m.size += size;
}

void ZipWriter::end() {
  const Member& m = members_.back();
  Record descriptor;
  descriptor.put(zip::kDataDescriptor, m.crc);
  if (m.size >= zip::kIn64) {
    descriptor.put(m.size, m.size);
  } else {
    descriptor.put(static_cast<U32>(m.size), static_cast<U32>(m.size));
  }
  descriptor.to(out_);
}

void ZipWriter::finish() {
  const U64 begin = out_.size();
  std::string_view names = names_;
  for (const Member& m : members_) {
    Record in64;
    if (m.size >= zip::kIn64) in64.put(m.size, m.size);
    if (m.header >= zip::kIn64) in64.put(m.header);
    const bool wide = in64.size() > 0;
    Record()
        .put(zip::kDirectoryEntry, kVersion, wide ? kVersion64 : kVersion, kFlags, zip::kStored, U32{0},
             m.crc, small(m.size), small(m.size), m.name_size,
             static_cast<U16>(wide ? kFieldHeader + in64.size() : 0), U16{0}, U16{0}, U16{0}, U32{0},
             small(m.header))
        .to(out_);
    out_.write(names.data(), m.name_size);
    names.remove_prefix(m.name_size);
    if (wide) Record().put(zip::kZip64Field, static_cast<U16>(in64.size())).to(out_);
    in64.to(out_);
  }
  const U64 end = out_.size();
  const U64 size = end - begin;
  const U64 count = members_.size();
  if (count >= zip::kIn64Short || size >= zip::kIn64 || begin >= zip::kIn64) {
    constexpr U64 kAfterItsSize = zip::kEnd64Size - 12;
    Record()
        .put(zip::kEnd64, kAfterItsSize, kVersion64, kVersion64, U32{0}, U32{0}, count, count, size, begin,
             zip::kEnd64Locator, U32{0}, end, U32{1})
        .to(out_);
  }
  const auto short_count = static_cast<U16>(std::min<U64>(count, zip::kIn64Short));
  Record()
      .put(zip::kEnd, U16{0}, U16{0}, short_count, short_count, small(size), small(begin), U16{0})
      .to(out_);
}

}  // namespace ballast::checkpoint
