// The checksum of zip archives: CRC-32 of ISO 3309, as zlib, gzip and PNG have it.
//
//   std::uint32_t crc = crc32(0, first, n);
//   crc = crc32(crc, second, m);              // of both, one after the other
#pragma once

#include <cstddef>
#include <cstdint>

namespace ballast::checkpoint {

[[nodiscard]] std::uint32_t crc32(std::uint32_t before, const void* bytes, std::size_t n) noexcept;

}  // namespace ballast::checkpoint
