#include "tools/ballast/command_line/unmatched_filter.h"

#include <random>

#include <gtest/gtest.h>

#include "ballast/core/match/edit_distance.h"
#include "ballast/core/match/glob.h"

namespace ballast::tool {
namespace {

TEST(GlobDistance, CountsWhatHasToChangeForAMatch) {
  const struct {
    const char *pattern, *text;
    std::size_t distance;
  } cases[] = {
      {"", "", 0},
      {"abc", "abc", 0},
      {"abc", "abd", 1},
      {"abc", "ab", 1},
      {"abc", "abcd", 1},
      {"*", "abc", 0},
      {"a*", "bcd", 1},
      {"a*c", "abbbc", 0},
      {"a*c", "abbbd", 1},
      {"?", "", 1},
      {"?", "a", 0},
      {"a?c", "abc", 0},
      {"[a-c]", "b", 0},
      {"[a-c]x", "dx", 1},
      {"[!a]", "a", 1},
      {"\\*", "*", 0},
      {"\\*", "a", 1},
      {"[]]", "]", 0},
      {"[ab", "[ab", 0},
      {"", "abc", 3},
      {"abc", "", 3},
      {"***", "", 0},
      {"*.wieght", "0.weight", 2},
  };
  for (const auto& c : cases)
    EXPECT_EQ(glob_distance(c.pattern, c.text), c.distance) << c.pattern << " " << c.text;
}

TEST(GlobDistance, IsNoughtExactlyWhereThePatternMatches) {
  std::mt19937 random(7);
  const auto word = [&](const char* letters, std::size_t n) {
    std::string text;
    for (std::size_t size = random() % 7; text.size() < size;) text += letters[random() % n];
    return text;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = word("ab*?\\[]", 7), name = word("ab]", 3);
    EXPECT_EQ(glob_distance(pattern, name) == 0, glob_matches(pattern, name)) << pattern << " and " << name;
  }
}

TEST(UnmatchedFilter, FindsTheNameThatIsThereInAnotherPlace) {
  EXPECT_EQ(unmatched_filter("bias", {"0.weight", "0.bias"}),
            "*bias* matches one name, such as 0.bias: a filter has to match the whole name");
  EXPECT_EQ(unmatched_filter("encoder.*", {"model.encoder.a", "model.encoder.b", "model.head"}),
            "*encoder.* matches 2 names, such as model.encoder.a: a filter has to match the whole name");
  EXPECT_EQ(unmatched_filter("encodr.*", {"encoder.a", "decoder.a"}), "the nearest name is encoder.a");
  EXPECT_EQ(unmatched_filter("xyz", {"encoder.a"}), "");
  EXPECT_EQ(unmatched_filter("encoder", {}), "");
  EXPECT_EQ(unmatched_filter("*", {}), "");
}

}  // namespace
}  // namespace ballast::tool
