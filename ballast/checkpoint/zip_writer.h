// Writes zip archives the way PyTorch lays them out: stored members whose data begin at multiples of 64 (so that they can be
// mapped), filled up by an extra field "FB", with checksums and sizes in a data descriptor behind the data, dates of zero.
// Zip64 where a size, an offset or the number of members needs it. (PKWARE, APPNOTE.TXT 6.3.)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/checkpoint/atomic_file.h"

namespace ballast::checkpoint {

class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& out) : out_(out) {}

  void add(const std::string& name, const void* bytes, std::uint64_t size);
  void add(const std::string& name, std::string_view bytes) { add(name, bytes.data(), bytes.size()); }
  /// Writes the directory.
  void finish();

 private:
  struct Member {
    std::string name;
    std::uint64_t header, size;
    std::uint32_t crc;
  };
  AtomicFile& out_;
  std::vector<Member> members_;
};

}  // namespace ballast::checkpoint
