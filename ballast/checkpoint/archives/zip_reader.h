// Zip archives, read strictly: there is one way to understand a file, and it is everybody's.
//
//   ZipReader zip(InputFile::open("model.pth"), limits);
//   const ZipEntry* e = zip.find("archive/data.pkl");
//   std::string bytes = zip.read(*e);                 // unpacked, its checksum compared
//
// Opening reads the directory and every local header (a few bytes each). Refused: members that overlap, or lie over the
// directory; bytes that belong to nothing (before, between or after the members); local headers or data descriptors that
// disagree with the directory; a name twice; names that are absolute, contain "..", a backslash or NUL; links; folders with data; encryption;
// methods other than stored and deflate; several end records; counts and sizes that do not add up; archives on several
// disks. Zip64, comments, extra fields and data descriptors are read. (PKWARE, APPNOTE.TXT 6.3.)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/bytes/read_pieces.h"
#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/tree/probe_table.h"

namespace ballast::checkpoint {

struct ZipEntry {
  std::string_view name;
  std::uint64_t header = 0;       ///< offset of the local header
  std::uint64_t data = 0;         ///< offset of the data
  std::uint64_t stored_size = 0;  ///< bytes in the file
  std::uint64_t size = 0;         ///< bytes unpacked
  std::uint32_t crc = 0;
  std::uint16_t method = 0;  ///< 0: stored, 8: deflate
  std::uint16_t flags = 0;

  [[nodiscard]] bool is_stored() const noexcept { return method == 0; }
  /// PyTorch writes 0 when told not to compute checksums.
  [[nodiscard]] bool has_checksum() const noexcept { return crc != 0 || size == 0; }
};

class ZipReader {
 public:
  ZipReader(std::shared_ptr<InputFile> file, const LoadLimits& limits);

  [[nodiscard]] const std::vector<ZipEntry>& entries() const noexcept {
    return entries_;
  }  ///< as the directory has them
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;
  [[nodiscard]] const std::shared_ptr<InputFile>& file() const noexcept { return file_; }

  /// To be called before there is memory for a member: LimitError if all compressed members so far unpack to too much.
  void account(const ZipEntry& e);
  /// The bytes of a member, unpacked, into `size` bytes of the caller's. FormatError if they do not give its checksum or
  /// its size.
  void read(const ZipEntry& e, void* out);
  /// The same with memory for them, accounted for.
  [[nodiscard]] std::string read(const ZipEntry& e);
  /// The same, the first `n` of them to `head` and the others to `tail`.
  void read(const ZipEntry& e, void* head, std::uint64_t n, void* tail);
  /// The first `n` bytes of a member, or fewer if it is shorter, without its checksum: little more than these is read and
  /// unpacked.
  [[nodiscard]] std::string start(const ZipEntry& e, std::uint64_t n) const;
  /// Compares the checksums of members. If several are damaged, the error is that of the first in the file. `progress` is called
  /// with bytes of the file.
  void verify(std::vector<const ZipEntry*> members,
              const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});
  /// For `read_pieces`: where a stored member's bytes stand, and whether they have a checksum, for `check_crc`.
  [[nodiscard]] Piece piece_of(const ZipEntry& e, std::byte* out) const;
  void check_crc(const ZipEntry& e, std::uint32_t crc) const;

  [[noreturn]] void fail(const ZipEntry& e, const std::string& reason) const;

 private:
  struct Directory {
    std::uint64_t offset = 0, size = 0, entries = 0;
  };
  [[nodiscard]] Directory find_directory() const;
  void read_directory(const Directory& d);
  void check_layout(const Directory& d);
  void check_local(ZipEntry& e, std::string_view header) const;
  void check_name(const ZipEntry& e) const;
  [[noreturn]] void fail(std::uint64_t offset, const std::string& reason) const;

  std::shared_ptr<InputFile> file_;
  LoadLimits limits_;
  std::string directory_;  // the names of the entries point into it
  std::vector<ZipEntry> entries_;
  ProbeTable index_;
  std::uint64_t inflated_ = 0;
};

}  // namespace ballast::checkpoint
