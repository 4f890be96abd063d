#include "tools/ballast/command_line/nearest.h"

#include <gtest/gtest.h>

namespace ballast::tool {
namespace {

TEST(Nearest, FindsAWordWithATypingMistake) {
  const std::vector<std::string_view> words = {"show", "compare", "convert"};
  EXPECT_EQ(nearest("shwo", words), "show");
  EXPECT_EQ(nearest("sho", words), "show");
  EXPECT_EQ(nearest("shows", words), "show");
  EXPECT_EQ(nearest("comprae", words), "compare");
  EXPECT_EQ(nearest("convret", words), "convert");
}

TEST(Nearest, SaysNothingOfWordsThatAreFar) {
  EXPECT_EQ(nearest("list", {"show"}), std::nullopt);
  EXPECT_EQ(nearest("", {"show"}), std::nullopt);
  EXPECT_EQ(nearest("x", {"show"}), std::nullopt);
  EXPECT_EQ(nearest("show", {}), std::nullopt);
}

}  // namespace
}  // namespace ballast::tool
