// ISA-L chooses at run time what the CPU has, and is up to four times as fast as libdeflate, which serves where there is no ISA-L.
#include "ballast/checkpoint/bytes/crc32.h"

#ifdef BALLAST_HAS_ISAL
#include <isa-l/crc.h>
#else
#include <libdeflate.h>
#endif

namespace ballast::checkpoint {
namespace {

// Polynomials of degree below 32 with the coefficient of x^0 in the highest bit, as the checksum has them.
constexpr std::uint32_t kOne = std::uint32_t{1} << 31;
constexpr std::uint32_t kModulus = 0xEDB88320;

constexpr std::uint32_t times_x(std::uint32_t p) { return (p & 1) != 0 ? p >> 1 ^ kModulus : p >> 1; }

constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) {
  std::uint32_t sum = 0;
  for (std::uint32_t bit = kOne; bit != 0; bit >>= 1, b = times_x(b)) {
    if ((a & bit) != 0) sum ^= b;
  }
  return sum;
}

}  // namespace

std::uint32_t crc32(std::uint32_t before, const void* bytes, std::size_t n) noexcept {
#ifdef BALLAST_HAS_ISAL
  return crc32_gzip_refl(before, static_cast<const unsigned char*>(bytes), n);
#else
  return libdeflate_crc32(before, bytes, n);
#endif
}

std::uint32_t joined_crc32(std::uint32_t first, std::uint32_t second, std::uint64_t second_size) noexcept {
  std::uint32_t factor = kOne;
  std::uint32_t power = kOne >> 8;  // x^8, then its squares
  for (std::uint64_t n = second_size; n != 0; n >>= 1, power = product(power, power)) {
    if ((n & 1) != 0) factor = product(factor, power);
  }
  return product(factor, first) ^ second;
}

}  // namespace ballast::checkpoint
