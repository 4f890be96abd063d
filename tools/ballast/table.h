// Columns of text, aligned.
//
//   Table table({{"name", Align::kLeft}, {"bytes", Align::kRight}});
//   table.add({"0.weight", "128 B"});
//   table.write(out);
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace ballast::tool {

enum class Align : std::uint8_t { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string title;
    Align align;
    std::size_t widest = 72;  ///< a longer cell moves the rest of its own row only
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)), widths_(columns_.size()) {}

  /// One cell for each column; their text is copied.
  void add(std::initializer_list<std::string_view> cells) { add(std::span(cells.begin(), cells.size())); }
  void add(std::span<const std::string_view> cells);
  [[nodiscard]] bool empty() const noexcept { return cells_.empty(); }
  /// The titles and the rows; a column whose cells are all empty is left out.
  void write(fmt::memory_buffer& out) const;

 private:
  struct Cell {
    std::uint32_t size;   ///< in text_, where it follows the one before
    std::uint32_t width;  ///< in columns of the terminal
  };

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<Cell> cells_;  // row by row
  std::string text_;
};

}  // namespace ballast::tool
