// Columns of text, aligned.
//
//   Table table({{"name", Align::kLeft}, {"bytes", Align::kRight}});
//   table.add({"0.weight", "128 B"});
//   table.write(out);
//
// On a terminal, with colours, and no line longer than it is wide as long as the names can be shortened for it:
//
//   Table table({{.title = "name", .gives_way = true}, {"shared", Align::kLeft}});
//   table.add({{"├─ ", "weight", Style::kPlain}, {"#1", Style::kAccent}});
//   table.write(out, {.paint = Paint(terminal.colors), .width = terminal.width});
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/ballast/terminal/terminal.h"
#include <fmt/format.h>

namespace ballast::tool {

enum class Align : std::uint8_t { kLeft, kRight };

/// Text of a cell, how it looks, and what leads to it: the branches of a tree, which are faint and never shortened.
struct TableCell {
  // Implicit, so that a row can be written as a list of texts.
  template <std::convertible_to<std::string_view> Text>
  TableCell(const Text& of, Style look = Style::kPlain) : text(of), style(look) {}
  TableCell(std::string_view leading, std::string_view of, Style look)
      : lead(leading), text(of), style(look) {}

  std::string_view lead, text;
  Style style;
};

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
    std::size_t widest = 72;  ///< a longer cell moves the rest of its own row only
    bool gives_way = false;   ///< its cells are shortened where that makes rows fit; of one column at most
    bool stays = false;       ///< is there though all its cells are empty
  };

  /// How a table is written. Without a width nothing is shortened.
  struct Look {
    Paint paint = Paint();
    std::optional<std::size_t> width = {};
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)), widths_(columns_.size()) {}

  /// One cell for each column; their text is copied.
  void add(std::span<const TableCell> cells);
  void add(std::initializer_list<TableCell> cells) { add(std::span(cells.begin(), cells.size())); }
  [[nodiscard]] bool empty() const noexcept { return cells_.empty(); }
  /// The titles and the rows; a column whose cells are all empty is left out.
  void write(fmt::memory_buffer& out) const { write(out, Look()); }
  void write(fmt::memory_buffer& out, const Look& look) const;

 private:
  struct Cell {
    std::uint32_t size;   ///< in text_, where it follows the one before
    std::uint32_t lead;   ///< bytes of it that lead to the rest
    std::uint32_t width;  ///< in columns of the terminal
    Style style;
  };

  struct Layout;
  [[nodiscard]] Layout layout(const Look& look) const;
  void write_row(fmt::memory_buffer& out, const Layout& layout, const Cell* cells,
                 std::string_view text) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;  // of the widest cells, titles apart
  std::vector<Cell> cells_;          // row by row
  std::string text_;
};

}  // namespace ballast::tool
