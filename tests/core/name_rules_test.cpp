#include "ballast/core/match/name_rules.h"

#include <iostream>
#include <string>

#include "tests/support/thrown.h"
#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(NameRulesTest, ChangeNamesInTheOrderOfTheFields) {
  struct Case {
    MatchRules rules;
    std::string name;
    std::optional<std::string> result;
  };
  const Case cases[] = {
      {{}, "a.b", "a.b"},
      {{.strip_prefix = "module."}, "module.a", "a"},
      {{.strip_prefix = "module."}, "a.module.b", "a.module.b"},
      {{.strip_prefix = "module."}, "module.module.a", "module.a"},
      {{.add_prefix = "net."}, "a", "net.a"},
      {{.strip_prefix = "x.", .add_prefix = "y."}, "x.a", "y.a"},
      {{.strip_prefix = "x.", .add_prefix = "y."}, "a", "y.a"},
      {{.rename = {{"encoder.", "trunk."}}}, "encoder.a", "trunk.a"},
      {{.rename = {{"encoder.", "trunk."}}}, "my.encoder.a", "my.encoder.a"},
      {{.rename = {{"a.", "b."}, {"b.", "c."}}}, "a.x", "c.x"},
      {{.rename = {{"", "all."}}}, "x", "all.x"},
      {{.rename = {{"/layer(\\d+)\\./", "blocks.$1."}}}, "net.layer3.w", "net.blocks.3.w"},
      {{.rename = {{"/", "."}}}, "/a", ".a"},
      {{.rename = {{"//", "."}}}, "a", ".a."},
      {{.filter = "a.*"}, "a.b", "a.b"},
      {{.filter = "a.*"}, "b.a", std::nullopt},
      {{.filter = ""}, "a", std::nullopt},
      {{.filter = "module.a.*", .strip_prefix = "module."}, "module.a.x", "a.x"},
      {{.filter = "a.*", .strip_prefix = "module."}, "module.a.x", std::nullopt},
      {{.filter = "*.w",
        .strip_prefix = "m.",
        .add_prefix = "n.",
        .rename = {{"n.a.", "n.b."}, {"/w$/", "v"}}},
       "m.a.w",
       "n.b.v"},
  };
  for (const Case& c : cases) EXPECT_EQ(NameRules(c.rules).apply(c.name), c.result) << c.name;
  std::cout << "[ cases ] " << std::size(cases) << " names\n";
}

TEST(NameRulesTest, PathsOfModulesGoWithTheNamesBelowThem) {
  const std::pair<MatchRules, std::pair<std::string, std::string>> cases[] = {
      {{.strip_prefix = "module."}, {"module.bn", "bn"}},
      {{.strip_prefix = "module."}, {"module", ""}},
      {{.strip_prefix = "module."}, {"", ""}},
      {{.add_prefix = "net."}, {"", "net"}},
      {{.add_prefix = "net."}, {"bn", "net.bn"}},
      {{.rename = {{"a.", "b."}}}, {"a", "b"}},
      {{.rename = {{"a.", "b."}}}, {"ab", "ab"}},
      {{.filter = "x", .strip_prefix = "a."}, {"a.b", "b"}},
  };
  for (const auto& [rules, path] : cases) EXPECT_EQ(NameRules(rules).apply_to_path(path.first), path.second);
}

TEST(NameRulesTest, DictionaryKeepsOrderValuesAndVersions) {
  StateDict dict{{"module.bn.weight", empty({2})}, {"module.bn.bias", empty({2})}, {"other", empty({1})}};
  dict.has_metadata = true;
  dict.metadata = {{"", 1}, {"module", 3}, {"module.bn", 2}};
  const RenamedStateDict out = renamed(dict, {.filter = "module.*", .strip_prefix = "module."});
  EXPECT_EQ(out.dict.keys(), (std::vector<std::string>{"bn.weight", "bn.bias"}));
  EXPECT_TRUE(out.dict["bn.bias"].is_same(dict["module.bn.bias"]));
  EXPECT_EQ(out.names_before, (std::vector<std::string>{"module.bn.weight", "module.bn.bias"}));
  EXPECT_EQ(out.left_out, (std::vector<std::string>{"other"}));
  EXPECT_TRUE(out.dict.has_metadata);
  EXPECT_EQ(out.dict.metadata, (std::vector<StateDict::ModuleMetadata>{{"", 3}, {"bn", 2}}))
      << "the version of module, which is the root now";
}

TEST(NameRulesTest, TwoNamesThatBecomeOneAreRefused) {
  const StateDict dict{{"a.x", empty({1})}, {"b.x", empty({1})}};
  EXPECT_EQ(testing::text_of<KeyError>([&] {
              std::ignore = renamed(dict, {.rename = {{"a.", "b."}}});
            }),
            "the rules give 'a.x' and 'b.x' one name, 'b.x'");
}

TEST(NameRulesTest, WhatCannotBeReadIsSaid) {
  EXPECT_THROWN(NameRules({.rename = {{"/(/", ""}}}), ValueError, "missing )");
  EXPECT_THROWN(NameRules({.rename = {{"/a/", "$1"}}}), ValueError,
                "asks for group 1 of a pattern that has 0");
}

TEST(NameRulesTest, NamesCannotBeMadeToExplode) {
  MatchRules doubling;
  for (int i = 0; i < 40; ++i) doubling.rename.push_back({"/a/", "aa"});
  EXPECT_THROW(std::ignore = NameRules(doubling).apply("a"), LimitError);
  const MatchRules pattern{.rename = {{"/a/", "b"}}};
  EXPECT_EQ(NameRules(pattern).apply(std::string(1 << 18, 'a')), std::string(1 << 18, 'b'));
}

}  // namespace
}  // namespace ballast
