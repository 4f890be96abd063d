#include "tools/ballast/terminal_text.h"

#include <algorithm>

#include "ballast/core/print.h"
#include "ballast/core/printable.h"
#include "ballast/core/utf8.h"

namespace ballast::tool {

std::string terminal_text(std::string_view utf8) {
  const bool plain = std::ranges::all_of(utf8, [](char c) { return c >= ' ' && c <= '~'; });
  if (plain) return std::string(utf8);
  std::string out;
  while (!utf8.empty()) {
    const std::string_view before = utf8;
    const char32_t c = take_character(utf8);
    const std::string_view bytes = before.substr(0, before.size() - utf8.size());
    if (is_printable(c)) {
      out += bytes;
    } else {
      const std::string quoted = python_repr(bytes);
      out += quoted.substr(1, quoted.size() - 2);
    }
  }
  return out;
}

std::size_t terminal_width(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

}  // namespace ballast::tool
