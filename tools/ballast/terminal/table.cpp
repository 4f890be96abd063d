#include "tools/ballast/terminal/table.h"

#include <algorithm>
#include <limits>

#include "tools/ballast/terminal/terminal_text.h"

namespace ballast::tool {
namespace {

constexpr std::size_t kGap = 2;     // between columns
constexpr std::size_t kLeast = 12;  // what a column that gives way keeps

void append(fmt::memory_buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

void append_spaces(fmt::memory_buffer& out, std::size_t n) {
  for (; n > 0; --n) out.push_back(' ');
}

std::string_view beginning(std::string_view text) {
  return text.substr(0, std::numeric_limits<std::uint32_t>::max() / 2);
}

std::size_t less(std::size_t n, std::size_t by) { return n > by ? n - by : 0; }

}  // namespace

/// Where the columns of a table stand.
struct Table::Layout {
  const Look& look;
  std::vector<std::size_t> widths;  // 0: left out
  std::size_t flexible;             // the column that gives way; the number of columns if none does
};

void Table::add(std::span<const TableCell> cells) {
  std::size_t c = 0;
  for (const TableCell& cell : cells) {
    const std::string_view lead = beginning(cell.lead), text = beginning(cell.text);
    text_ += lead;
    text_ += text;
    const std::size_t width = terminal_width(lead) + terminal_width(text);
    cells_.push_back({static_cast<std::uint32_t>(lead.size() + text.size()),
                      static_cast<std::uint32_t>(lead.size()), static_cast<std::uint32_t>(width),
                      cell.style});
    // What can be shortened need not be held to a width by moving the rest.
    widths_[c] = std::max(widths_[c], columns_[c].gives_way ? width : std::min(columns_[c].widest, width));
    ++c;
  }
}

Table::Layout Table::layout(const Look& look) const {
  Layout layout{look, std::vector<std::size_t>(columns_.size()), columns_.size()};
  std::size_t total = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (widths_[c] == 0 && !columns_[c].stays) continue;
    const bool cut = columns_[c].gives_way && look.width;
    const std::size_t cells = cut ? widths_[c] : std::min(widths_[c], columns_[c].widest);
    layout.widths[c] = std::max({cells, terminal_width(columns_[c].title), std::size_t{1}});
    total += layout.widths[c] + kGap;
    if (cut) layout.flexible = c;
  }
  if (layout.flexible == columns_.size()) return layout;
  std::size_t& width = layout.widths[layout.flexible];
  const std::size_t others = total - kGap - width, room = less(*look.width, others);
  if (room >= std::min(kLeast, width)) {
    width = std::min(width, room);
  } else {
    // Shortening would hide names, and rows would still be too wide.
    width = std::min(
        width, std::max(columns_[layout.flexible].widest, terminal_width(columns_[layout.flexible].title)));
    layout.flexible = columns_.size();
  }
  return layout;
}

void Table::write_row(fmt::memory_buffer& out, const Layout& layout, const Cell* cells,
                      std::string_view text) const {
  // A cell that is wider than its column takes what it needs from the one that gives way.
  std::size_t overflow = 0;
  if (layout.flexible < columns_.size()) {
    std::size_t total = 0, needed = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (layout.widths[c] == 0) continue;
      const std::size_t width = c == layout.flexible ? layout.widths[c] : cells[c].width;
      if (width > 0) needed = total + std::max(layout.widths[c], width);
      total += std::max(layout.widths[c], width) + kGap;
    }
    overflow = less(needed, *layout.look.width);
  }
  std::size_t pending = 0;  // spaces that nothing has followed yet: no line ends in them
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const Cell& cell = cells[c];
    std::string_view lead = text.substr(0, cell.lead), rest = text.substr(cell.lead, cell.size - cell.lead);
    text.remove_prefix(cell.size);
    std::size_t column = layout.widths[c], width = cell.width;
    if (column == 0) continue;
    std::string shorter;
    if (c == layout.flexible) {
      column = std::min(column, std::max(kLeast, less(column, overflow)));
      if (width > column) {
        const std::size_t leading = terminal_width(lead);
        shorter = shortened(rest, std::max(kLeast / 2, less(column, leading)));
        rest = shorter;
        width = leading + terminal_width(rest);
      }
    }
    const std::size_t pad = less(column, width);
    const bool right = columns_[c].align == Align::kRight;
    if (right) pending += pad;
    if (cell.size > 0) {
      append_spaces(out, pending);
      const Paint& paint = layout.look.paint;
      if (!lead.empty())
        append(out, paint.begin(Style::kFaint)), append(out, lead), append(out, paint.end(Style::kFaint));
      append(out, paint.begin(cell.style)), append(out, rest), append(out, paint.end(cell.style));
      pending = 0;
    }
    pending += (right ? 0 : pad) + kGap;
  }
  out.push_back('\n');
}

void Table::write(fmt::memory_buffer& out, const Look& look) const {
  const Layout layout = this->layout(look);
  std::vector<Cell> titles;
  std::string text;
  for (const Column& column : columns_) {
    titles.push_back({static_cast<std::uint32_t>(column.title.size()), 0,
                      static_cast<std::uint32_t>(terminal_width(column.title)), Style::kHeading});
    text += column.title;
  }
  write_row(out, layout, titles.data(), text);
  std::string_view rest = text_;
  for (std::size_t i = 0; i < cells_.size(); i += columns_.size()) {
    write_row(out, layout, &cells_[i], rest);
    for (std::size_t c = 0; c < columns_.size(); ++c) rest.remove_prefix(cells_[i + c].size);
  }
}

}  // namespace ballast::tool
