// ISA-L chooses at run time what the CPU has, and is up to four times as fast as libdeflate, which serves where there is no ISA-L.
#include "ballast/checkpoint/crc32.h"

#ifdef BALLAST_HAS_ISAL
#include <isa-l/crc.h>
#else
#include <libdeflate.h>
#endif

namespace ballast::checkpoint {

std::uint32_t crc32(std::uint32_t before, const void* bytes, std::size_t n) noexcept {
#ifdef BALLAST_HAS_ISAL
  return crc32_gzip_refl(before, static_cast<const unsigned char*>(bytes), n);
#else
  return libdeflate_crc32(before, bytes, n);
#endif
}

}  // namespace ballast::checkpoint
