#include "ballast/checkpoint/shown_name.h"

#include <fmt/format.h>

#include "ballast/checkpoint/pickle_machine.h"

namespace ballast::checkpoint {

std::string shown_name(std::string_view name) {
  constexpr std::size_t kLongest = 200;
  const bool cut = name.size() > kLongest;
  if (cut) {
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    name = name.substr(0, end);
  }
  const bool utf8 = is_utf8(name);
  std::string out;
  for (const char c : name) {
    const auto b = static_cast<unsigned char>(c);
    if (b < 0x20 || b == 0x7F || (!utf8 && b >= 0x80)) {
      out += fmt::format("\\x{:02x}", b);
    } else {
      out += c;
    }
  }
  return cut ? out + "..." : out;
}

}  // namespace ballast::checkpoint
