#include "ballast/core/utf8.h"

#include <cstdint>
#include <cstring>

namespace ballast {

char32_t take_character(std::string_view& text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  static constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (length == 1) {
    text.remove_prefix(1);
    return lead;
  }
  if (length != 0 && length <= text.size()) {
    char32_t c = lead & (0x7Fu >> length);
    bool whole = true;
    for (std::size_t i = 1; i < length; ++i) {
      whole = whole && (byte(i) & 0xC0u) == 0x80u;
      c = (c << 6) | (byte(i) & 0x3Fu);
    }
    if (whole && c >= kLeast[length] && c <= 0x10FFFF) {
      text.remove_prefix(length);
      return c;
    }
  }
  text.remove_prefix(1);
  return 0xDC00u + lead;
}

std::size_t count_characters(std::string_view text) noexcept {
  std::size_t n = 0;
  for (; !text.empty(); ++n) static_cast<void>(take_character(text));
  return n;
}

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

}  // namespace ballast
