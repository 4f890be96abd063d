#include "ballast/core/utf8.h"

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

}  // namespace ballast
