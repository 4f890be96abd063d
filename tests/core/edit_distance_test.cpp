#include "ballast/core/match/edit_distance.h"

#include <algorithm>
#include <iostream>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace ballast {
namespace {

/// The definition, without a table.
std::size_t by_definition(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const std::string_view a1 = a.substr(1), b1 = b.substr(1);
  std::size_t least = std::min(
      {by_definition(a1, b) + 1, by_definition(a, b1) + 1, by_definition(a1, b1) + (a[0] == b[0] ? 0 : 1)});
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0])
    least = std::min(least, by_definition(a.substr(2), b.substr(2)) + 1);
  return least;
}

TEST(EditDistanceTest, IsThatOfTheDefinition) {
  EXPECT_EQ(edit_distance("wieght", "weight"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  std::mt19937 random(3);
  const auto word = [&] {
    std::string out;
    for (std::size_t i = 0, n = random() % 6; i < n; ++i) out += "abc"[random() % 3];
    return out;
  };
  constexpr int kCases = 500;
  for (int i = 0; i < kCases; ++i) {
    const std::string a = word(), b = word();
    EXPECT_EQ(edit_distance(a, b), by_definition(a, b)) << a << " " << b;
  }
  std::cout << "[ cases ] " << kCases << " pairs of words\n";
}

}  // namespace
}  // namespace ballast
