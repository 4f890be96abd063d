#include "ballast/checkpoint/shown_name.h"

#include "ballast/core/printable.h"

namespace ballast::checkpoint {

std::string shown_name(std::string_view name) {
  constexpr std::size_t kLongest = 200;
  if (name.size() <= kLongest) return printable_text(name);
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return printable_text(name.substr(0, end)) + "...";
}

}  // namespace ballast::checkpoint
