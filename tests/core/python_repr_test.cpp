// Python's repr of plain data, against what Python printed.
#include <cstring>
#include <iostream>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/print.h"
#include "ballast/core/printable.h"

namespace ballast {
namespace {

using testing::Json;

TEST(PythonReprTest, GivesTheTextOfPython) {
  const Json golden = testing::read_json("print/python_repr.json");
  for (const auto& row : golden["floats"]) {
    double v = 0;
    std::memcpy(&v, testing::from_hex(row[0]).data(), sizeof v);
    EXPECT_EQ(python_repr(v), row[1].get<std::string>());
  }
  for (const auto& row : golden["strings"]) {
    EXPECT_EQ(testing::to_hex(python_repr(testing::from_hex(row[0]))),
              testing::to_hex(row[1].get<std::string>()))
        << row[1];
  }
  std::cout << "[ cases ] " << golden["floats"].size() << " floats and " << golden["strings"].size()
            << " strings of print/python_repr.json\n";
  EXPECT_GT(golden["floats"].size() * golden["strings"].size(), 0u);
}

TEST(PythonReprTest, KnowsThePrintableCharactersOfPython) {
  const Json golden = testing::read_json("print/python_repr.json")["printable"];
  ASSERT_EQ(golden.size(), 0x110000u / 256);
  for (std::size_t block = 0; block < golden.size(); ++block) {
    int n = 0;
    for (char32_t c = 0; c < 256; ++c) n += is_printable(static_cast<char32_t>(block * 256) + c) ? 1 : 0;
    EXPECT_EQ(n, golden[block].get<int>()) << "code points from " << block * 256;
  }
}

TEST(PythonReprTest, ShowsTruthsTuplesAndLists) {
  EXPECT_EQ(python_repr(true), "True");
  EXPECT_EQ(python_repr("text"), "'text'") << "a literal is not a truth";
  EXPECT_EQ(python_tuple({}), "()");
  EXPECT_EQ(python_tuple({3}), "(3,)");
  EXPECT_EQ(python_tuple({3, 4}), "(3, 4)");
  EXPECT_EQ(python_list({}), "[]");
  EXPECT_EQ(python_list({"a", "it's"}), "['a', \"it's\"]");
}

}  // namespace
}  // namespace ballast
