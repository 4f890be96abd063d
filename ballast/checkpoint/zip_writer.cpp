#include "ballast/checkpoint/zip_writer.h"

#include <algorithm>
#include <concepts>

#include <libdeflate.h>

#include "ballast/checkpoint/zip_format.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kAlignment = 64;
constexpr std::size_t kPiece = std::size_t{256} << 10;  // small enough to be in the cache when it is written
constexpr std::uint16_t kFlags = zip::kHasDescriptor | zip::kUtf8Name;
constexpr std::uint16_t kVersion = 0, kVersion64 = 45;

class Bytes {
 public:
  template <std::unsigned_integral... T>
  Bytes& put(T... values) {
    (append(values), ...);
    return *this;
  }
  Bytes& put(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  void to(AtomicFile& out) const { out.write(bytes_.data(), bytes_.size()); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  template <std::unsigned_integral T>
  void append(T v) {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes_ += static_cast<char>(v >> (8 * i) & 0xFF);
  }
  std::string bytes_;
};

using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

U32 small(U64 v) { return static_cast<U32>(std::min<U64>(v, zip::kIn64)); }

}  // namespace

void ZipWriter::add(const std::string& name, const void* bytes, std::uint64_t size) {
  const U64 header = out_.size();
  constexpr U64 kFieldHeader = 4;
  const U64 before = header + zip::kLocalHeaderSize + name.size() + kFieldHeader;
  const U64 fill = (kAlignment - before % kAlignment) % kAlignment;
  Bytes()
      .put(zip::kLocalHeader, kVersion, kFlags, zip::kStored, U32{0}, U32{0}, U32{0}, U32{0},
           static_cast<U16>(name.size()), static_cast<U16>(kFieldHeader + fill))
      .put(name)
      .put("FB")
      .put(static_cast<U16>(fill))
      .put(std::string(fill, 'Z'))
      .to(out_);

  const auto* from = static_cast<const char*>(bytes);
  U32 crc = 0;
  for (U64 done = 0; done < size;) {
    const auto n = static_cast<std::size_t>(std::min<U64>(kPiece, size - done));
    crc = libdeflate_crc32(crc, from + done, n);
    out_.write(from + done, n);
    done += n;
  }
  Bytes descriptor;
  descriptor.put(zip::kDataDescriptor, crc);
  if (size >= zip::kIn64) {
    descriptor.put(size, size);
  } else {
    descriptor.put(static_cast<U32>(size), static_cast<U32>(size));
  }
  descriptor.to(out_);
  members_.push_back({name, header, size, crc});
}

void ZipWriter::finish() {
  const U64 begin = out_.size();
  for (const Member& m : members_) {
    Bytes in64;
    if (m.size >= zip::kIn64) in64.put(m.size, m.size);
    if (m.header >= zip::kIn64) in64.put(m.header);
    Bytes entry;
    const bool wide = in64.size() > 0;
    entry.put(zip::kDirectoryEntry, kVersion, wide ? kVersion64 : kVersion, kFlags, zip::kStored, U32{0},
              m.crc, small(m.size), small(m.size), static_cast<U16>(m.name.size()),
              static_cast<U16>(wide ? 4 + in64.size() : 0), U16{0}, U16{0}, U16{0}, U32{0}, small(m.header));
    entry.put(m.name);
    if (wide) entry.put(zip::kZip64Field, static_cast<U16>(in64.size()));
    entry.to(out_);
    in64.to(out_);
  }
  const U64 end = out_.size();
  const U64 size = end - begin;
  const U64 count = members_.size();
  if (count >= zip::kIn64Short || size >= zip::kIn64 || begin >= zip::kIn64) {
    Bytes()
        .put(zip::kEnd64, U64{zip::kEnd64Size - 12}, kVersion64, kVersion64, U32{0}, U32{0}, count, count,
             size, begin)
        .put(zip::kEnd64Locator, U32{0}, end, U32{1})
        .to(out_);
  }
  const auto short_count = static_cast<U16>(std::min<U64>(count, zip::kIn64Short));
  Bytes()
      .put(zip::kEnd, U16{0}, U16{0}, short_count, short_count, small(size), small(begin), U16{0})
      .to(out_);
}

}  // namespace ballast::checkpoint
