#include "tools/ballast/table.h"

#include <algorithm>
#include <limits>
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

void Table::add(std::span<const std::string_view> cells) {
  std::size_t c = 0;
  for (std::string_view cell : cells) {
    cell = cell.substr(0, std::numeric_limits<std::uint32_t>::max());
    text_ += cell;
    const std::size_t width = terminal_width(cell);
    cells_.push_back({static_cast<std::uint32_t>(cell.size()), static_cast<std::uint32_t>(width)});
    widths_[c] = std::max(widths_[c], std::min(columns_[c].widest, width));
    ++c;
  }
}

void Table::write(fmt::memory_buffer& out) const {
  std::size_t pending = 0;  // spaces that nothing has followed yet: no line ends in them
  const auto write_cell = [&](std::size_t c, std::string_view text, std::size_t width) {
    if (widths_[c] == 0) return;
    const std::size_t column = std::max(widths_[c], terminal_width(columns_[c].title));
    const std::size_t pad = column > width ? column - width : 0;
    const bool right = columns_[c].align == Align::kRight;
    if (right) pending += pad;
    if (!text.empty()) {
      append_spaces(out, pending);
      append(out, text);
      pending = 0;
    }
    pending += (right ? 0 : pad) + 2;
  };
  const auto end_row = [&] {
    out.push_back('\n');
    pending = 0;
  };
  for (std::size_t c = 0; c < columns_.size(); ++c)
    write_cell(c, columns_[c].title, terminal_width(columns_[c].title));
  end_row();
  std::size_t begin = 0;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const std::size_t c = i % columns_.size();
    write_cell(c, std::string_view(text_).substr(begin, cells_[i].size), cells_[i].width);
    begin += cells_[i].size;
    if (c + 1 == columns_.size()) end_row();
  }
}

}  // namespace ballast::tool
