// Columns of text, aligned.
//
//   Table table({{"name", Align::kLeft}, {"bytes", Align::kRight}});
//   table.add({"0.weight", "128 B"});
//   table.write(out);
#pragma once

#include <cstdint>
#include <string>
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

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// One cell for each column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  /// The titles and the rows; a column whose cells are all empty is left out.
  void write(fmt::memory_buffer& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace ballast::tool
