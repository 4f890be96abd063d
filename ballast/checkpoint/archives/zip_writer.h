// Writes zip archives the way PyTorch lays them out: stored members whose data begin at multiples of 64 (so that they can be
// mapped), filled up by an extra field "FB", with checksums and sizes in a data descriptor behind the data, dates of zero.
// Zip64 where a size, an offset or the number of members needs it. (PKWARE, APPNOTE.TXT 6.3.)
//
//   ZipWriter zip(file);
//   zip.expect(members, bytes_of_names, bytes_of_data);     // if known: see AtomicFile::reserve
//   zip.add("archive/data.pkl", program);
//   zip.finish();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/bytes/atomic_file.h"

namespace ballast::checkpoint {

class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& out) : out_(out) {}

  /// Reserves the room that so many members need at most, with names and data of so many bytes together.
  void expect(std::uint64_t members, std::uint64_t names, std::uint64_t data);
  void add(std::string_view name, const void* bytes, std::uint64_t size);
  void add(std::string_view name, std::string_view bytes) { add(name, bytes.data(), bytes.size()); }
  /// A member in pieces: `begin`, any number of `append`, `end`. Nothing needs to know its size before.
  void begin(std::string_view name);
  void append(const void* bytes, std::uint64_t size);
  void end();
  /// Writes the directory.
  void finish();

 private:
  struct Member {
    std::uint64_t header, size;
    std::uint32_t crc;
    std::uint16_t name_size;
  };
  AtomicFile& out_;
  std::vector<Member> members_;
  std::string names_;  // of all members, one behind the other
};

}  // namespace ballast::checkpoint
