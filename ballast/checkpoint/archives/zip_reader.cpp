// The directory: where it is, what it says.
#include "ballast/checkpoint/archives/zip_reader.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "ballast/checkpoint/archives/zip_format.h"
#include "ballast/checkpoint/bytes/byte_reader.h"
#include "ballast/checkpoint/shown_name.h"

namespace ballast::checkpoint {
namespace {

constexpr std::uint64_t kLongestComment = 0xFFFF;
constexpr std::uint64_t kDeflateAtMost =
    1032;  // no deflate stream unpacks to more than this many times its size

std::string record_name(std::string_view name) {
  return name.empty() ? "(a member without a name)" : shown_name(name);
}

bool leaves_its_folder(std::string_view name) {
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

/// Replaces the values that the zip64 field holds. `needed` are those that say so, in the field's order.
/// Errors have no place: the caller adds it.
void read_zip64(std::string_view extra, const std::vector<std::uint64_t*>& needed) {
  std::optional<std::string_view> field;
  ByteReader r(extra, {});
  while (r.left() >= 4) {
    const std::uint16_t id = r.u16();
    const std::uint16_t size = r.u16();
    const std::string_view body = r.bytes(size);
    if (id != zip::kZip64Field) continue;
    if (field) r.fail("two zip64 fields in one header");
    field = body;
  }
  if (needed.empty()) return;
  if (!field) r.fail("a size or offset of 0xFFFFFFFF, and no zip64 field that would hold it");
  ByteReader values(*field, {});
  for (std::uint64_t* v : needed) *v = values.u64();
}

}  // namespace

ZipReader::ZipReader(std::shared_ptr<InputFile> file, const LoadLimits& limits)
    : file_(std::move(file)), limits_(limits) {
  if (limits_.inflated_bytes == 0) limits_.inflated_bytes = (std::uint64_t{64} << 20) + 32 * file_->size();
  const Directory d = find_directory();
  read_directory(d);
  check_layout(d);
}

void ZipReader::fail(std::uint64_t offset, const std::string& reason) const {
  throw FormatError(reason, file_->name(), "", offset);
}
void ZipReader::fail(const ZipEntry& e, const std::string& reason) const {
  throw FormatError(reason, file_->name(), record_name(e.name), e.header);
}

ZipReader::Directory ZipReader::find_directory() const {
  const std::uint64_t tail_size = std::min(file_->size(), zip::kEndSize + kLongestComment);
  std::string tail(tail_size, '\0');
  const std::uint64_t tail_begin = file_->size() - tail_size;
  file_->read(tail_begin, tail.data(), tail.size());

  // Readers differ in which end record they take when there are several; then nobody knows what the file is.
  std::optional<std::uint64_t> found;
  for (std::size_t p = tail.find("PK\5\6"); p != std::string::npos; p = tail.find("PK\5\6", p + 1)) {
    if (tail.size() - p < zip::kEndSize) continue;
    const auto comment = static_cast<std::uint64_t>(static_cast<unsigned char>(tail[p + 20])) |
                         static_cast<std::uint64_t>(static_cast<unsigned char>(tail[p + 21])) << 8;
    if (p + zip::kEndSize + comment != tail.size()) continue;
    if (found)
      fail(tail_begin + p, "a second end-of-directory record: which archive is meant cannot be known");
    found = p;
  }
  if (!found) {
    fail(file_->size(),
         "a zip archive without an end-of-directory record: the file was cut short, or something follows it");
  }

  const std::uint64_t end = tail_begin + *found;
  ByteReader r(std::string_view(tail).substr(*found), {file_->name(), "", end});
  r.u32();
  const std::uint16_t disk = r.u16();
  const std::uint16_t directory_disk = r.u16();
  const std::uint16_t entries_here = r.u16();
  Directory d{};
  d.entries = r.u16();
  d.size = r.u32();
  d.offset = r.u32();
  if (disk != 0 || directory_disk != 0 || entries_here != d.entries)
    r.fail("an archive on several disks is not read");

  std::uint64_t directory_end = end;
  char locator[zip::kEnd64LocatorSize] = {};
  if (end >= zip::kEnd64LocatorSize) file_->read(end - zip::kEnd64LocatorSize, locator, sizeof(locator));
  ByteReader l({locator, sizeof(locator)}, {file_->name(), "", end - zip::kEnd64LocatorSize});
  if (l.u32() == zip::kEnd64Locator) {
    const std::uint32_t its_disk = l.u32();
    const std::uint64_t at = l.u64();
    if (its_disk != 0 || l.u32() != 1) l.fail("an archive on several disks is not read");
    const std::uint64_t locator_at = end - zip::kEnd64LocatorSize;
    if (at > locator_at || locator_at - at < zip::kEnd64Size)
      l.fail("the zip64 end record lies outside the file");
    char record[zip::kEnd64Size];
    file_->read(at, record, sizeof(record));
    ByteReader z({record, sizeof(record)}, {file_->name(), "", at});
    if (z.u32() != zip::kEnd64) z.fail("no zip64 end record where the locator points");
    if (z.u64() != locator_at - at - 12) z.fail("the zip64 end record has the wrong size");
    z.u32();  // versions
    if (z.u32() != 0 || z.u32() != 0) z.fail("an archive on several disks is not read");
    const std::uint64_t in_this_part = z.u64();
    const Directory large{.offset = 0, .size = 0, .entries = z.u64()};
    if (in_this_part != large.entries) z.fail("an archive on several disks is not read");
    const std::uint64_t size = z.u64();
    const std::uint64_t offset = z.u64();
    const auto agree = [&](std::uint64_t small, std::uint64_t marker, std::uint64_t big) {
      if (small != marker && small != big) z.fail("the zip64 end record and the end record disagree");
    };
    agree(d.entries, zip::kIn64Short, large.entries);
    agree(d.size, zip::kIn64, size);
    agree(d.offset, zip::kIn64, offset);
    d = {.offset = offset, .size = size, .entries = large.entries};
    directory_end = at;
  }
  if (d.size > directory_end || d.offset != directory_end - d.size) {
    fail(end,
         fmt::format(
             "the directory is said to be {} bytes at {}, but it ends at {}: the file was cut or changed",
             d.size, d.offset, directory_end));
  }
  return d;
}

void ZipReader::read_directory(const Directory& d) {
  check<LimitError>(d.entries <= limits_.entries, "{}: {} members, the limit (entries) is {}", file_->name(),
                    d.entries, limits_.entries);
  if (d.entries > d.size / zip::kDirectoryEntrySize) {
    fail(d.offset, fmt::format("{} members do not fit into a directory of {} bytes", d.entries, d.size));
  }
  directory_.resize(d.size);
  file_->read(d.offset, directory_.data(), directory_.size());
  entries_.reserve(d.entries);
  index_.reserve(d.entries);

  ByteReader r(directory_, {file_->name(), "", d.offset});
  for (std::uint64_t i = 0; i < d.entries; ++i) {
    const std::uint64_t at = r.offset();
    if (r.u32() != zip::kDirectoryEntry) r.fail_at(at, "no directory entry where one should be");
    ZipEntry e;
    const std::uint16_t made_by = r.u16();
    r.u16();  // version needed
    e.flags = r.u16();
    e.method = r.u16();
    r.u32();  // time and date
    e.crc = r.u32();
    e.stored_size = r.u32();
    e.size = r.u32();
    const std::uint16_t name_size = r.u16();
    const std::uint16_t extra_size = r.u16();
    const std::uint16_t comment_size = r.u16();
    const std::uint16_t disk = r.u16();
    r.u16();  // internal attributes
    const std::uint32_t attributes = r.u32();
    e.header = r.u32();
    e.name = r.bytes(name_size);
    const std::string_view extra = r.bytes(extra_size);
    r.bytes(comment_size);

    const bool size64 = e.size == zip::kIn64;
    const bool stored64 = e.stored_size == zip::kIn64;
    const bool header64 = e.header == zip::kIn64;
    std::vector<std::uint64_t*> needed;
    if (size64) needed.push_back(&e.size);
    if (stored64) needed.push_back(&e.stored_size);
    if (header64) needed.push_back(&e.header);
    const auto refuse = [&](const std::string& reason) {
      throw FormatError(reason, file_->name(), record_name(e.name), at);
    };
    try {
      read_zip64(extra, needed);
    } catch (const FormatError& error) {
      refuse(error.reason());
    }
    if (disk != 0) refuse("the member is on another disk");
    if ((e.flags & zip::kEncrypted) != 0) refuse("the member is encrypted: encrypted archives are not read");
    if (e.method != zip::kStored && e.method != zip::kDeflate) {
      refuse(fmt::format("compression method {}: only 0 (stored) and 8 (deflate) are read", e.method));
    }
    constexpr std::uint32_t kUnix = 3, kLink = 0xA000, kTypeMask = 0xF000;
    if (made_by >> 8 == kUnix && (attributes >> 16 & kTypeMask) == kLink)
      refuse("the member is a symbolic link");
    // Some readers take such a member for a folder, and hand out whatever was in memory.
    constexpr std::uint32_t kFolder = 0x10;
    if (((attributes & kFolder) != 0 || e.name.ends_with('/')) && (e.size != 0 || e.stored_size != 0))
      refuse(fmt::format("the member is marked as a folder, yet has {} bytes", e.size));
    if (e.is_stored() && e.size != e.stored_size) {
      refuse(
          fmt::format("stored without compression, yet {} bytes and {} bytes long", e.stored_size, e.size));
    }
    if (!e.is_stored() && e.size / kDeflateAtMost > e.stored_size) {
      refuse(fmt::format("{} bytes of deflate cannot unpack to {}", e.stored_size, e.size));
    }
    check_name(e);

    const std::uint64_t hash = std::hash<std::string_view>{}(e.name);
    if (index_.find(hash, [&](std::uint32_t p) { return entries_[p].name == e.name; }) != ProbeTable::kNone) {
      refuse("two members have this name: which one is meant cannot be known");
    }
    entries_.push_back(e);
    index_.insert(static_cast<std::uint32_t>(i), hash);
  }
  if (r.left() != 0)
    r.fail(fmt::format("the directory has {} bytes more than its {} entries", r.left(), d.entries));
}

void ZipReader::check_name(const ZipEntry& e) const {
  const auto refuse = [&](const std::string& reason) {
    throw FormatError(fmt::format("a member's name {}", reason), file_->name(), record_name(e.name),
                      e.header);
  };
  if (e.name.empty()) refuse("is empty");
  if (e.name.find('\0') != std::string_view::npos) refuse("holds a NUL byte");
  if (e.name.front() == '/') refuse("is an absolute path");
  if (e.name.find('\\') != std::string_view::npos) refuse("holds a backslash");
  if (leaves_its_folder(e.name)) refuse("holds \"..\"");
}

const ZipEntry* ZipReader::find(std::string_view name) const {
  const std::uint32_t p = index_.find(std::hash<std::string_view>{}(name),
                                      [&](std::uint32_t i) { return entries_[i].name == name; });
  return p == ProbeTable::kNone ? nullptr : &entries_[p];
}

}  // namespace ballast::checkpoint
