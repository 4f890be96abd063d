// The checksum of zip archives: CRC-32 of ISO 3309, as zlib, gzip and PNG have it.
//
//   std::uint32_t crc = crc32(0, first, n);
//   crc = crc32(crc, second, m);              // of both, one after the other
#pragma once

#include <cstddef>
#include <cstdint>

namespace ballast::checkpoint {

[[nodiscard]] std::uint32_t crc32(std::uint32_t before, const void* bytes, std::size_t n) noexcept;

/// Of two texts one after the other, from the checksums of both and the length of the second: for parts that several threads
/// look at. (The register is a polynomial over GF(2); n more bytes multiply it by x^(8n).)
[[nodiscard]] std::uint32_t joined_crc32(std::uint32_t first, std::uint32_t second,
                                         std::uint64_t second_size) noexcept;

}  // namespace ballast::checkpoint
