#include "tools/ballast/table.h"

#include <algorithm>
#include <string_view>

#include "tools/ballast/terminal_text.h"

namespace ballast::tool {
namespace {

void append(fmt::memory_buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

void append_spaces(fmt::memory_buffer& out, std::size_t n) {
  for (; n > 0; --n) out.push_back(' ');
}

}  // namespace

void Table::write(fmt::memory_buffer& out) const {
  std::vector<std::size_t> shown, widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = 0;
    for (const auto& row : rows_)
      width = std::max(width, std::min(columns_[c].widest, terminal_width(row[c])));
    if (width == 0) continue;
    shown.push_back(c);
    widths.push_back(std::max(width, terminal_width(columns_[c].title)));
  }
  const auto write_row = [&](auto cell) {
    std::size_t pending = 0;  // spaces that nothing has followed yet: no line ends in them
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const std::string_view text = cell(shown[i]);
      const std::size_t width = terminal_width(text);
      const std::size_t pad = widths[i] > width ? widths[i] - width : 0;
      const bool right = columns_[shown[i]].align == Align::kRight;
      if (right) pending += pad;
      if (!text.empty()) {
        append_spaces(out, pending);
        append(out, text);
        pending = 0;
      }
      pending += (right ? 0 : pad) + 2;
    }
    out.push_back('\n');
  };
  write_row([&](std::size_t c) -> std::string_view { return columns_[c].title; });
  for (const auto& row : rows_) {
    write_row([&](std::size_t c) -> std::string_view { return row[c]; });
  }
}

}  // namespace ballast::tool
