#include "tools/ballast/table.h"

#include "tools/ballast/terminal_text.h"
#include <gtest/gtest.h>

namespace ballast::tool {
namespace {

std::string text_of(const Table& table) {
  fmt::memory_buffer out;
  table.write(out);
  return {out.data(), out.size()};
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
