#include "tools/ballast/terminal/table.h"

#include "tools/ballast/terminal/terminal_text.h"
#include <gtest/gtest.h>

namespace ballast::tool {
namespace {

std::string text_of(const Table& table, const Table::Look& look = {}) {
  fmt::memory_buffer out;
  table.write(out, look);
  return {out.data(), out.size()};
}

Table with_names() {
  return Table({{.title = "name", .gives_way = true}, {"shape", Align::kLeft, 6}, {"n", Align::kRight}});
}

TEST(Table, AlignsItsColumns) {
  Table table({{"name", Align::kLeft}, {"n", Align::kRight}, {"mark", Align::kLeft}});
  table.add({"a", "1", ""});
  table.add({"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", "1,000", "#1"});
  EXPECT_EQ(text_of(table),
            "name        n  mark\n"
            "a           1\n"
            "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9  1,000  #1\n");
}

TEST(Table, LeavesOutEmptyColumns) {
  Table table({{"name", Align::kLeft}, {"shared", Align::kLeft}, {"n", Align::kRight}});
  table.add({"a", "", "1"});
  EXPECT_EQ(text_of(table), "name  n\na     1\n");
}

TEST(Table, ALongCellMovesOnlyItsOwnRow) {
  Table table({{"name", Align::kLeft, 4}, {"n", Align::kRight}});
  table.add({"a", "1"});
  table.add({"abcdefgh", "2"});
  EXPECT_EQ(text_of(table), "name  n\na     1\nabcdefgh  2\n");
}

TEST(Table, OneColumnGivesWaySoThatRowsFit) {
  Table table = with_names();
  table.add({"encoder.layers.0.weight", "[2, 3]", "6"});
  table.add({"head", "[3]", "3"});
  EXPECT_EQ(text_of(table, {.width = 30}),
            "name                 shape   n\n"
            "encoder.l….0.weight  [2, 3]  6\n"
            "head                 [3]     3\n");
  const std::string whole =
      "name                     shape   n\n"
      "encoder.layers.0.weight  [2, 3]  6\n"
      "head                     [3]     3\n";
  EXPECT_EQ(text_of(table, {.width = 34}), whole);
  EXPECT_EQ(text_of(table), whole);
  EXPECT_EQ(text_of(table, {.width = 22}), whole)
      << "12 characters of a name at least: else it is left whole";
}

TEST(Table, ARowWithALongCellShortensItsOwnNameMore) {
  Table table = with_names();
  table.add({"encoder.layers.0.weight", "[2, 3]", "6"});
  table.add({"encoder.layers.1.weight", "[2, 3, 4]", "24"});
  EXPECT_EQ(text_of(table, {.width = 31}),
            "name                 shape    n\n"
            "encoder.l….0.weight  [2, 3]   6\n"
            "encoder…1.weight  [2, 3, 4]  24\n");
}

TEST(Table, WhatLeadsToANameIsNotShortened) {
  Table table = with_names();
  table.add({{"│  └─ ", "normalisation", Style::kPlain}, "[2, 3]", "6"});
  EXPECT_EQ(text_of(table, {.width = 26}),
            "name             shape   n\n"
            "│  └─ norm…tion  [2, 3]  6\n");
}

TEST(Table, ColoursTakeNoRoom) {
  Table table({{"name", Align::kLeft}, {"n", Align::kRight}});
  table.add({{"├─ ", "a", Style::kAccent}, {"10", Style::kBad}});
  table.add({"bb", {"", Style::kBad}});
  EXPECT_EQ(text_of(table, {.paint = Paint(true)}),
            "\x1b[1mname\x1b[0m   \x1b[1mn\x1b[0m\n"
            "\x1b[2m├─ \x1b[0m\x1b[36ma\x1b[0m  \x1b[31m10\x1b[0m\n"
            "bb\n");
}

TEST(Table, AColumnThatStaysIsThereThoughItIsEmpty) {
  Table table({{"name", Align::kLeft}, {.title = "shared", .stays = true}, {"n", Align::kRight}});
  table.add({"a", "", "1"});
  EXPECT_EQ(text_of(table), "name  shared  n\na             1\n");
}

TEST(TerminalText, IsShortenedInTheMiddle) {
  EXPECT_EQ(shortened("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(shortened("abcdefgh", 7), "abc…fgh");
  EXPECT_EQ(shortened("abcdefgh", 6), "ab…fgh");
  EXPECT_EQ(shortened("abcdefgh", 0), "a…h");
  EXPECT_EQ(shortened("äöüäöüäö", 5), "äö…äö") << "between characters, not bytes";
  EXPECT_EQ(shortened("", 5), "");
}

TEST(TerminalText, HidesNothingAndMovesNothing) {
  EXPECT_EQ(terminal_text("encoder.0.weight"), "encoder.0.weight");
  EXPECT_EQ(terminal_text("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(terminal_text("two\nlines\r\t"), "two\\nlines\\r\\t");
  EXPECT_EQ(terminal_text("\u202egnp.exe"), "\\u202egnp.exe");
  EXPECT_EQ(terminal_text("\xff"), "\\udcff");
  EXPECT_EQ(terminal_text("\u00e9\u4e2d"), "\u00e9\u4e2d");
  EXPECT_EQ(terminal_text("it's \"\u00e9\" \\x1b"), "it's \"\u00e9\" \\x1b");
}

}  // namespace
}  // namespace ballast::tool
