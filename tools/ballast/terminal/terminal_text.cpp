#include "tools/ballast/terminal/terminal_text.h"

#include <algorithm>

#include "ballast/core/printable.h"

namespace ballast::tool {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }

/// The byte at which the character number `n` begins.
std::size_t place_of(std::string_view utf8, std::size_t n) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if (begins_character(utf8[i]) && n-- == 0) return i;
  }
  return utf8.size();
}

}  // namespace

std::string terminal_text(std::string_view utf8) {
  const bool plain = std::ranges::all_of(utf8, [](char c) { return c >= ' ' && c <= '~'; });
  if (plain) return std::string(utf8);
  return printable_text(utf8);
}

std::string tensor_name_text(std::string_view name) {
  return name.empty() ? "(the tensor itself)" : terminal_text(name);
}

std::size_t terminal_width(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, begins_character));
}

std::string shortened(std::string_view utf8, std::size_t width) {
  const std::size_t all = terminal_width(utf8);
  width = std::max<std::size_t>(width, 3);
  if (all <= width) return std::string(utf8);
  const std::size_t front = (width - 1) / 2, back = width - 1 - front;
  std::string text(utf8.substr(0, place_of(utf8, front)));
  text += "…";
  text += utf8.substr(place_of(utf8, all - back));
  return text;
}

}  // namespace ballast::tool
