// Regular expressions over names: beside std::regex, which backtracks, and where that would not end.
#include "ballast/core/match/name_pattern.h"

#include <iostream>
#include <random>
#include <regex>
#include <string>

#include "tests/support/thrown.h"
#include <gtest/gtest.h>

namespace ballast {
namespace {

struct Case {
  const char* pattern;
  const char* name;
  const char* to;
  const char* result;
};

TEST(NamePatternTest, ReplacesWhatItMatches) {
  constexpr Case kCases[] = {
      {"layer(\\d+)\\.", "net.layer12.weight", "blocks.$1.", "net.blocks.12.weight"},
      {"a", "banana", "o", "bonono"},
      {"^a", "aaa", "b", "baa"},
      {"a$", "aaa", "b", "aab"},
      {"^$", "", "x", "x"},
      {"^$", "a", "x", "a"},
      {"", "ab", "-", "-a-b-"},
      {"x*", "abxc", "-", "-a-b--c-"},
      {"(a|ab)(c|bcd)(d*)", "abcd", "[$1][$2][$3]", "[a][bcd][]"},
      {"(\\w+)\\.(\\w+)", "left.right", "$2.$1", "right.left"},
      {"[^.]+$", "a.b.gamma", "weight", "a.b.weight"},
      {"(?:x|y)z", "xz.yz", "q", "q.q"},
      {"a{2}", "aaaaa", "b", "bba"},
      {"a{2,}", "a.aa.aaaa", "b", "a.b.b"},
      {"a{1,2}", "aaa", "<$0>", "<aa><a>"},
      {"a+?", "aaa", "b", "bbb"},
      {"a.*?b", "axxbxxb", "-", "-xxb"},
      {"a.*b", "axxbxxb", "-", "-"},
      {"[a-c-]+", "x-abc-d", "_", "x_d"},
      {"[\\d_]+", "a12_3b", "#", "a#b"},
      {"\\.", "a.b", "$$", "a$b"},
      {"\\$", "a$b", "", "ab"},
      {"(a)|(b)", "ab", "[$1$2]", "[a][b]"},
      {"\\S\\s\\S", "a b", "x", "x"},
      {"\\D\\W", "a.", "x", "x"},
      {"(a*)*b", "aaab", "x", "x"},
      {"é", "caf\xc3\xa9", "e", "cafe"},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(NamePattern(c.pattern).replace(c.name, c.to), c.result) << c.pattern << " on " << c.name;
  }
  std::cout << "[ cases ] " << std::size(kCases) << " replacements\n";
}

TEST(NamePatternTest, FindsWhatBacktrackingFinds) {
  // Random patterns over a small alphabet; every span of every group is compared.
  std::mt19937 random(7);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::string atoms[] = {"a", "b", "c", ".", "[ab]", "[^a]", "\\.", "a", "b"};
  const std::string counts[] = {"", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}"};
  const auto make = [&] {
    std::string out;
    int groups = 0;
    for (int part = 0, parts = 1 + pick(4); part < parts; ++part) {
      std::string piece = atoms[pick(std::size(atoms))] + counts[pick(std::size(counts))];
      if (pick(3) == 0) piece = atoms[pick(std::size(atoms))] + piece + "|" + atoms[pick(std::size(atoms))];
      const bool group = piece.find('|') != std::string::npos || pick(2) == 0;
      if (group && groups < 9) {
        piece = "(" + piece + ")";
        ++groups;
      }
      out += piece;
    }
    if (pick(6) == 0) out = "^" + out;
    if (pick(6) == 0) out += "$";
    return out;
  };
  int cases = 0, matches = 0;
  for (int p = 0; p < 3000; ++p) {
    const std::string pattern = make();
    const NamePattern ours(pattern);
    const std::regex theirs(pattern);
    for (int n = 0; n < 8; ++n) {
      std::string name;
      for (int i = 0, size = pick(10); i < size; ++i) name += "abc."[pick(4)];
      const auto found = ours.find(name);
      std::smatch expected;
      const bool there = std::regex_search(name, expected, theirs);
      ASSERT_EQ(found.has_value(), there) << pattern << " on " << name;
      ++cases;
      if (!there) continue;
      ++matches;
      for (std::size_t g = 0; g <= ours.groups(); ++g) {
        const std::int64_t begin = expected[g].matched ? static_cast<std::int64_t>(expected.position(g)) : -1;
        const std::int64_t end = begin < 0 ? -1 : begin + static_cast<std::int64_t>(expected.length(g));
        EXPECT_EQ((*found)[2 * g], begin) << pattern << " on " << name << ", group " << g;
        EXPECT_EQ((*found)[2 * g + 1], end) << pattern << " on " << name << ", group " << g;
      }
    }
  }
  std::cout << "[ cases ] " << cases << " searches of 3,000 patterns beside std::regex, " << matches
            << " found\n";
  EXPECT_GT(matches, 1000);
}

TEST(NamePatternTest, TakesTimeByLengthNotByWays) {
  // Each of these takes a backtracking matcher longer than the universe has lasted.
  const std::string name(100'000, 'a');
  for (const char* pattern :
       {"(a*)*b", "(a|a)*b", "(a|aa)+$b", "(a+a+)+b", "a?a?a?a?a?a?a?a?a?a?a?a?a?a?b"}) {
    EXPECT_FALSE(NamePattern(pattern).find(name)) << pattern;
  }
}

TEST(NamePatternTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"a(b", "'a(b' is no regular expression: missing ): a(b"},
      {"a)b", "'a)b' is no regular expression: unexpected ): a)b"},
      {"[ab", "'[ab' is no regular expression: missing ]: [ab"},
      {"*a", "'*a' is no regular expression: no argument for repetition operator: *"},
      {"\\", "'\\' is no regular expression: trailing \\"},
      {"(a)\\1", "'(a)\\1' is no regular expression: invalid escape sequence: \\1"},
      {"[z-a]", "'[z-a]' is no regular expression: invalid character class range: z-a"},
  };
  for (const auto& [pattern, says] : cases) {
    EXPECT_EQ(testing::text_of<ValueError>([p = pattern] { NamePattern{p}; }), says);
  }
  EXPECT_THROW(NamePattern("(?=a)"), ValueError);
  std::cout << "[ cases ] " << std::size(cases) + 1 << " patterns that are none\n";
}

TEST(NamePatternTest, HasLimits) {
  EXPECT_THROW(NamePattern("a{5000}"), LimitError);
  EXPECT_THROW(NamePattern("((a{100}){100}){100}"), LimitError);
  EXPECT_THROW(NamePattern("(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)"), LimitError);
}

TEST(NamePatternTest, ReplacementsAskForGroupsThereAre) {
  const NamePattern one("(a)");
  EXPECT_NO_THROW(one.check_replacement("$1$0$$x"));
  EXPECT_THROWN(one.check_replacement("$2"), ValueError, "'$2' asks for group 2 of a pattern that has 1");
  EXPECT_THROWN(one.check_replacement("a$"), ValueError, "write $$ for a dollar");
  EXPECT_THROWN(one.check_replacement("$x"), ValueError, "write $$ for a dollar");
}

}  // namespace
}  // namespace ballast
