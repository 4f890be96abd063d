#include "fuzz/zip_members.h"

#include <algorithm>
#include <cstring>

#include <libdeflate.h>

namespace ballast::fuzz {
namespace {

constexpr std::size_t kLocalHeader = 30;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMostUnpacked = 1 << 20;

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint32_t v = 0;
  for (std::size_t i = width; i-- > 0;) v = v << 8 | static_cast<unsigned char>(bytes[at + i]);
  return v;
}

std::string little(std::uint64_t v, std::size_t width) {
  std::string out;
  for (std::size_t i = 0; i < width; ++i, v >>= 8) out += static_cast<char>(v & 0xFF);
  return out;
}

std::string unpacked(std::string_view packed, std::size_t size) {
  std::string out(std::min(size, kMostUnpacked), '\0');
  libdeflate_decompressor* d = libdeflate_alloc_decompressor();
  std::size_t made = 0;
  const auto result =
      libdeflate_deflate_decompress(d, packed.data(), packed.size(), out.data(), out.size(), &made);
  libdeflate_free_decompressor(d);
  out.resize(result == LIBDEFLATE_SUCCESS ? made : 0);
  return out;
}

}  // namespace

std::vector<ZipMember> zip_members(std::string_view archive) {
  std::vector<ZipMember> members;
  for (std::size_t at = 0; archive.size() - at >= kLocalHeader && archive.substr(at, 4) == "PK\3\4";) {
    const std::uint32_t method = number(archive, at + 8, 2), stored = number(archive, at + 18, 4),
                        size = number(archive, at + 22, 4);
    const std::size_t name = at + kLocalHeader, extra = name + number(archive, at + 26, 2),
                      data = extra + number(archive, at + 28, 2);
    if (data > archive.size() || stored > archive.size() - data) break;
    const std::string_view bytes = archive.substr(data, stored);
    members.push_back({std::string(archive.substr(name, extra - name)),
                       method == 0 ? std::string(bytes) : unpacked(bytes, size)});
    at = data + stored;
    // A data descriptor, perhaps.
    const std::size_t next = archive.find("PK", at);
    if (next == std::string_view::npos) break;
    at = next;
  }
  return members;
}

std::string zip_of(const std::vector<ZipMember>& members) {
  std::string out, directory;
  for (const ZipMember& m : members) {
    const std::size_t header = out.size();
    const std::size_t fill =
        (kAlignment - (header + kLocalHeader + 4 + m.name.size()) % kAlignment) % kAlignment;
    const std::string middle = little(0, 8) + little(libdeflate_crc32(0, m.bytes.data(), m.bytes.size()), 4) +
                               little(m.bytes.size(), 4) + little(m.bytes.size(), 4) +
                               little(m.name.size(), 2);
    out += "PK\3\4" + little(0, 2) + middle + little(fill + 4, 2) + m.name + "FB" + little(fill, 2) +
           std::string(fill, 'Z') + m.bytes;
    directory += "PK\1\2" + little(0, 4) + middle + little(0, 12) + little(header, 4) + m.name;
  }
  const std::string count = little(members.size(), 2);
  return out + directory + "PK\5\6" + little(0, 4) + count + count + little(directory.size(), 4) +
         little(out.size(), 4) + little(0, 2);
}

}  // namespace ballast::fuzz
