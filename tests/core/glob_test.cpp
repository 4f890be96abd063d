
#include "ballast/core/match/glob.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace ballast {
namespace {

struct Case {
  const char* pattern;
  const char* text;
  bool matches;
};

TEST(Glob, DescribesTheWholeName) {
  constexpr Case kCases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "encoder.layers.0.weight", true},
      {"*.weight", "encoder.layers.0.weight", true},
      {"*.weight", "encoder.weight.mask", false},
      {"encoder.*.weight", "encoder.layers.0.weight", true},
      {"encoder", "encoder.weight", false},
      {"?.weight", "0.weight", true},
      {"?.weight", "10.weight", false},
      {"??.weight", "10.weight", true},
      {"[0-9].bias", "7.bias", true},
      {"[0-9].bias", "a.bias", false},
      {"[!0-9].bias", "a.bias", true},
      {"[^0-9].bias", "7.bias", false},
      {"[]]", "]", true},
      {"[!]]", "]", false},
      {"[a-]", "-", true},
      {"[abc", "[abc", true},
      {"[abc", "a", false},
      {"a[", "a[", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"[\\]x]", "]", true},
      {"a\\", "a\\", true},
      {"*a*b*c*", "xxaxxbxxcxx", true},
      {"*a*b*c*", "xxcxxbxxaxx", false},
      {"a**b", "ab", true},
      {"?", "\u00e9", true},
      {"?", "\U0001F600", true},
      {"[\u00e0-\u00ff]", "\u00e9", true},
      {"[!a]", "\u4e2d", true},
      {"*\u4e2d", "x\u4e2d", true},
  };
  for (const Case& c : kCases)
    EXPECT_EQ(glob_matches(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
}

TEST(Glob, TakesNoExponentialTime) {
  const std::string text(5000, 'a');
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  pattern += "b";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob_matches(pattern, text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace ballast
