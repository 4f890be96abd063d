#include <cstring>

#include "ballast/checkpoint/pickle_machine.h"

namespace ballast::checkpoint {

bool is_utf8(std::string_view s) noexcept {
  std::size_t i = 0;
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  while (i < s.size()) {
    while (i + 8 <= s.size()) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, s.data() + i, 8);
      if ((eight & 0x8080808080808080u) != 0) break;
      i += 8;
    }
    if (i == s.size()) return true;
    const unsigned char b = byte(i);
    if (b < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = b >= 0xC2 && b <= 0xDF   ? 1
                             : b >= 0xE0 && b <= 0xEF ? 2
                             : b >= 0xF0 && b <= 0xF4 ? 3
                                                      : 0;
    if (more == 0 || s.size() - i <= more) return false;
    const unsigned char next = byte(i + 1);
    if ((b == 0xE0 && next < 0xA0) || (b == 0xED && next > 0x9F) || (b == 0xF0 && next < 0x90) ||
        (b == 0xF4 && next > 0x8F)) {
      return false;
    }
    for (std::size_t k = 1; k <= more; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

}  // namespace ballast::checkpoint
