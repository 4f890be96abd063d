#include "tools/ballast/terminal_text.h"

#include <algorithm>

#include "ballast/core/printable.h"

namespace ballast::tool {

std::string terminal_text(std::string_view utf8) {
  const bool plain = std::ranges::all_of(utf8, [](char c) { return c >= ' ' && c <= '~'; });
  if (plain) return std::string(utf8);
  return printable_text(utf8);
}

std::size_t terminal_width(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

}  // namespace ballast::tool
