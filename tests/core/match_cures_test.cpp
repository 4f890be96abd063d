// What is offered for names without a place, and that it keeps what it promises.
#include <algorithm>
#include <ctime>
#include <functional>
#include <iostream>
#include <random>
#include <string>

#include "tests/core/match_names.h"
#include <gtest/gtest.h>

#include "ballast/core/match/name_rules.h"

namespace ballast {
namespace {

using testing::named;
using testing::stack;
using Names = std::vector<std::string>;
using Kind = MatchCure::Kind;

NamedShapes changed(NamedShapes names, const std::function<std::string(const std::string&)>& f) {
  for (NamedShape& n : names) n.name = f(n.name);
  return names;
}

NamedShapes joined(NamedShapes a, const NamedShapes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Adds the cures to the rules and matches again: as many names more have a place as were promised, and none has lost it.
MatchReport cured(const NamedShapes& file, const NamedShapes& model, const MatchReport& before) {
  MatchRules rules = before.rules;
  std::size_t promised = 0, fits = 0;
  for (const MatchCure& c : before.cures) {
    c.add_to(rules);
    promised += c.names;
    fits += c.fits;
  }
  MatchReport after = match(file, model, rules);
  EXPECT_EQ(before.missing.size() - after.missing.size(), promised);
  EXPECT_EQ(before.unexpected.size() - after.unexpected.size(), promised);
  EXPECT_EQ(after.loaded.size() - before.loaded.size(), fits);
  const auto is_cured = [](const MatchedName& m) { return m.is_cured; };
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count_if(before.missing, is_cured)), promised);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count_if(before.unexpected, is_cured)), promised);
  return after;
}

TEST(MatchCuresTest, OnePrefixForAllIsFoundWhateverItIs) {
  int cases = 0;
  for (const std::string prefix : {"module.", "_orig_mod.", "model.", "net.", "module._orig_mod.", "a.b.c.d.",
                                   "my model.", "*.", "/x/.", "[0].", "\xc3\xa9.", "$1."}) {
    SCOPED_TRACE(prefix);
    const NamedShapes with = stack(4, prefix), without = stack(4);
    const MatchReport strip = match(with, without);
    ASSERT_EQ(strip.cures.size(), 1u);
    EXPECT_EQ(strip.cures[0].kind, Kind::kStripPrefix);
    EXPECT_EQ(strip.cures[0].rename.from, prefix);
    EXPECT_EQ(strip.cures[0].names, with.size());
    EXPECT_TRUE(cured(with, without, strip).fits());

    const MatchReport add = match(without, with);
    ASSERT_EQ(add.cures.size(), 1u);
    EXPECT_EQ(add.cures[0].kind, Kind::kAddPrefix);
    EXPECT_EQ(add.cures[0].rename.to, prefix);
    EXPECT_TRUE(cured(without, with, add).fits());
    cases += 2;
  }
  std::cout << "[ cases ] " << cases << " prefixes to strip and to add\n";
}

TEST(MatchCuresTest, PrefixGoesIntoTheFieldForIt) {
  MatchRules rules;
  match(stack(1, "module."), stack(1)).cures.at(0).add_to(rules);
  EXPECT_EQ(rules, (MatchRules{.strip_prefix = "module."}));
  match(stack(1), stack(1, "net.")).cures.at(0).add_to(rules);
  EXPECT_EQ(rules, (MatchRules{.strip_prefix = "module.", .add_prefix = "net."}));
  match(stack(1, "x."), stack(1)).cures.at(0).add_to(rules);
  EXPECT_EQ(rules.rename, (std::vector<Rename>{{"x.", ""}})) << "behind the others, where it was found";
}

TEST(MatchCuresTest, APartOfTheFileMayBeTheModel) {
  NamedShapes model = stack(4);
  model.resize(model.size() - 2);  // no head of its own
  const NamedShapes head{named("head.weight", {7, 16}), named("head.bias", {7})};
  const NamedShapes file = joined(changed(model, [](const std::string& n) { return "backbone." + n; }), head);
  const MatchReport report = match(file, model);
  ASSERT_EQ(report.cures.size(), 1u);
  EXPECT_EQ(report.cures[0].rename.from, "backbone.");
  const MatchReport after = cured(file, model, report);
  EXPECT_TRUE(after.missing.empty() && after.shape_mismatches.empty());
  EXPECT_EQ(testing::names(after.unexpected), (Names{"head.weight", "head.bias"}));
}

TEST(MatchCuresTest, TwoNamesNeverBecomeOne) {
  // Without backbone. there would be two heads: the prefix goes before the other names only.
  NamedShapes model = stack(4);
  model.resize(model.size() - 2);
  const NamedShapes file =
      joined(stack(4, "backbone."), {named("head.weight", {7, 16}), named("head.bias", {7})});
  const MatchReport report = match(file, model);
  EXPECT_EQ(report.cures.size(), 2u);
  const MatchReport after = cured(file, model, report);
  EXPECT_TRUE(after.missing.empty());
  EXPECT_EQ(after.unexpected.size(), 4u);
}

TEST(MatchCuresTest, PrefixThatWouldSpoilNamesThatFitComesBeforeTheOthersOnly) {
  // The head fits as it is; only the rest lacks the prefix.
  const NamedShapes body = changed(stack(3), [](const std::string& n) { return n; });
  NamedShapes file = body, model = changed(body, [](const std::string&n) {
                             return n.starts_with("head.") ? n : "backbone." + n;
                           });
  const MatchReport report = match(file, model);
  ASSERT_FALSE(report.cures.empty());
  for (const MatchCure& c : report.cures) EXPECT_EQ(c.kind, Kind::kRename) << report;
  EXPECT_TRUE(cured(file, model, report).fits());
}

TEST(MatchCuresTest, PartsThatAllLayersSayOtherwiseAreOneCure) {
  const NamedShapes file = stack(12, "", "attn"), model = stack(12, "", "attention.self");
  const MatchReport report = match(file, model);
  ASSERT_EQ(report.cures.size(), 1u);
  EXPECT_EQ(report.cures[0].file_part, "attn.");
  EXPECT_EQ(report.cures[0].model_part, "attention.self.");
  EXPECT_EQ(report.cures[0].names, 48u);
  EXPECT_TRUE(cured(file, model, report).fits());
}

TEST(MatchCuresTest, EveryKindOfRenaming) {
  struct Case {
    const char* what;
    std::function<std::string(std::string)> model;
  };
  const auto replaced = [](const std::string& from, const std::string& to) {
    return [from, to](std::string n) {
      for (std::size_t at = 0; (at = n.find(from, at)) != std::string::npos; at += to.size())
        n.replace(at, from.size(), to);
      return n;
    };
  };
  const Case cases[] = {
      {"the stem", replaced("layers.", "encoder.blocks.")},
      {"the leaf",
       [](const std::string& n) {
         return n.ends_with("norm.weight") ? n.substr(0, n.size() - 6) + "gamma" : n;
       }},
      {"two leaves",
       [](std::string n) {
         if (n.ends_with("norm.weight")) return n.substr(0, n.size() - 6) + "gamma";
         if (n.ends_with("norm.bias")) return n.substr(0, n.size() - 4) + "beta";
         return n;
       }},
      {"a part that goes", replaced("mlp.", "")},
      {"two parts",
       [&](const std::string& n) { return replaced("mlp.", "ffn.")(replaced("attn.", "attention.")(n)); }},
      {"prefix and part", [&](const std::string& n) { return "net." + replaced("mlp.", "ffn.")(n); }},
      {"prefix, part and leaf",
       [&](std::string n) {
         n = "net." + replaced("mlp.", "ffn.")(n);
         return n.ends_with("norm.bias") ? n.substr(0, n.size() - 4) + "beta" : n;
       }},
      {"head and trunk apart",
       [](const std::string& n) { return n.starts_with("head.") ? "fc." + n.substr(5) : "trunk." + n; }},
      {"a dollar", replaced("attn.", "at$1.")},
      {"specials", replaced("attn.", "a+(b)*[c].")},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const NamedShapes file = stack(6), model = changed(stack(6), c.model);
    const MatchReport there = match(file, model);
    EXPECT_TRUE(cured(file, model, there).fits()) << there;
    const MatchReport back = match(model, file);
    EXPECT_TRUE(cured(model, file, back).fits()) << back;
  }
  std::cout << "[ cases ] " << 2 * std::size(cases) << " renamings, there and back\n";
}

TEST(MatchCuresTest, CuresAddToRulesThatAreThere) {
  const NamedShapes file = stack(3, "module.ema."), model = stack(3, "net.");
  const MatchReport report = match(file, model, {.strip_prefix = "module."});
  ASSERT_FALSE(report.cures.empty());
  EXPECT_TRUE(cured(file, model, report).fits());
}

TEST(MatchCuresTest, NothingIsOfferedWhereNothingHelps) {
  EXPECT_TRUE(match(stack(3), stack(3)).cures.empty());
  EXPECT_TRUE(match(stack(3), {}).cures.empty());
  EXPECT_TRUE(match({}, stack(3)).cures.empty());
  EXPECT_TRUE(match(named(Names{"a.x", "a.y"}), {named("b.p", {7}), named("b.q", {9})}).cures.empty());
  // Another layer is not another name for a layer.
  const NamedShapes twelve = stack(12);
  NamedShapes first(twelve.begin(), twelve.begin() + 10), last(twelve.begin() + 10, twelve.begin() + 20);
  EXPECT_TRUE(match(first, last).cures.empty()) << match(first, last);
}

/// The lists of a report by looking each name up among all.
void compare_by_looking(const NamedShapes& file, const NamedShapes& model, const MatchReport& report) {
  Names loaded, mismatches, missing, unexpected;
  for (const NamedShape& m : model) {
    const auto f = std::ranges::find(file, m.name, &NamedShape::name);
    (f == file.end() ? missing : f->shape == m.shape ? loaded : mismatches).push_back(m.name);
  }
  for (const NamedShape& f : file) {
    if (std::ranges::find(model, f.name, &NamedShape::name) == model.end()) unexpected.push_back(f.name);
  }
  EXPECT_EQ(testing::names(report.loaded), loaded);
  EXPECT_EQ(testing::names(report.shape_mismatches), mismatches);
  EXPECT_EQ(testing::names(report.missing), missing);
  EXPECT_EQ(testing::names(report.unexpected), unexpected);
}

TEST(MatchCuresTest, RandomChangesKeepWhatIsPromised) {
  std::mt19937 random(11);
  const auto pick = [&](std::size_t n) { return random() % n; };
  const Names words = {"a", "b", "layers", "attn", "0", "1", "2", "weight", "bias", "norm"};
  const auto some_name = [&] {
    std::string name;
    for (std::size_t p = 0, parts = 1 + pick(4); p < parts; ++p)
      name += (p > 0 ? "." : "") + words[pick(words.size())];
    return name;
  };
  /// Another word, a part more or a part less, in the names that begin with some word.
  const auto change = [&](NamedShapes names) {
    const std::string first = words[pick(4)], from = words[pick(words.size())], to = some_name();
    const bool everywhere = pick(2) == 0;
    for (NamedShape& n : names) {
      if (!everywhere && !n.name.starts_with(first)) continue;
      const std::size_t at = n.name.find(from);
      if (at == std::string::npos) {
        n.name = to + "." + n.name;
      } else {
        n.name.replace(at, from.size(), to);
      }
    }
    return names;
  };
  const auto each_once = [](const NamedShapes& names) {
    NamedShapes out;
    for (const NamedShape& n : names) {
      if (std::ranges::find(out, n.name, &NamedShape::name) == out.end()) out.push_back(n);
    }
    return out;
  };
  std::size_t promised = 0;
  constexpr int kCases = 1000;
  for (int i = 0; i < kCases; ++i) {
    NamedShapes file;
    for (std::size_t n = 0, count = 1 + pick(40); n < count; ++n) {
      file.push_back(named(some_name(), {static_cast<std::int64_t>(1 + pick(2))}));
    }
    file = each_once(file);
    const NamedShapes model = each_once(change(file));
    const MatchReport report = match(file, model);
    for (const MatchCure& c : report.cures) promised += c.names;
    std::ignore = cured(file, model, report);
    compare_by_looking(file, model, report);
    EXPECT_EQ(match(file, model).text(), report.text());
  }
  std::cout << "[ cases ] " << kCases << " random changes, " << promised << " names promised a place\n";
  EXPECT_GT(promised, 1000u);
}

TEST(MatchCuresTest, NearestNamesAreThoseOneWouldMean) {
  struct Case {
    const char* file;
    const char* model;
    bool near;
  };
  const Case cases[] = {
      {"fc.wieght", "fc.weight", true},
      {"classifier.weight", "head.weight", true},
      {"encodr.l.0.w", "encoder.l.0.w", true},
      {"conv_1.weight", "conv1.weight", true},
      {"a.b.c.weight", "a.c.weight", true},
      {"a.weight", "b.bias", false},
      {"x", "y", false},
      {"gamma", "weight", false},
  };
  for (const Case& c : cases) {
    // Two names on each side, so that one renaming does not explain it.
    const NamedShapes file{named(c.file), named("p.q.r", {9})}, model{named(c.model), named("s.t.u", {8})};
    const MatchReport report = match(file, model);
    const Names expected = c.near ? Names{c.file} : Names{};
    EXPECT_EQ(report.missing[0].nearest, expected) << c.file << " " << c.model;
    const Names back = c.near ? Names{c.model} : Names{};
    EXPECT_EQ(report.unexpected[0].nearest, back) << c.file << " " << c.model;
  }
}

/// Names that have nothing to do with each other.
NamedShapes noise(int count, unsigned seed) {
  constexpr int kParts = 5, kLetters = 8;
  std::mt19937 random(seed);
  NamedShapes out;
  for (int i = 0; i < count; ++i) {
    std::string name;
    for (int p = 0; p < kParts; ++p) {
      if (p > 0) name += '.';
      for (int l = 0; l < kLetters; ++l) name += static_cast<char>('a' + random() % 26);
    }
    out.push_back(named(name));
  }
  return out;
}

TEST(MatchCuresTest, TimeGrowsWithTheNumberOfNames) {
  using Sides = std::pair<NamedShapes, NamedShapes>;
  const auto letter_off = [](const std::string& n) {
    const std::size_t dot = n.find('.');
    return n.substr(0, dot) + "x" + std::to_string(std::hash<std::string>{}(n) % 1000) + n.substr(dot);
  };
  const std::pair<const char*, std::function<Sides(int)>> cases[] = {
      {"the same",
       [](int n) {
         return Sides{stack(n / 9), stack(n / 9)};
       }},
      {"a prefix",
       [](int n) {
         return Sides{stack(n / 9, "module."), stack(n / 9)};
       }},
      {"a part",
       [](int n) {
         return Sides{stack(n / 9, "", "attn"), stack(n / 9, "", "attention")};
       }},
      {"nothing in common",
       [](int n) {
         return Sides{noise(n, 1), noise(n, 2)};
       }},
      {"each its own change",
       [&](int n) {
         return Sides{stack(n / 9), changed(stack(n / 9), letter_off)};
       }},
  };
  for (const auto& c : cases) {
    const auto seconds_for = [&](int n) {
      const Sides sides = c.second(n);
      const std::clock_t start = std::clock();
      const std::string text = match(sides.first, sides.second).text();
      EXPECT_LT(std::ranges::count(text, '\n'), 60) << text;
      return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    };
    constexpr int kSmall = 1000, kLarge = 20'000;
    seconds_for(kSmall);
    const double small = seconds_for(kSmall), large = seconds_for(kLarge);
    std::cout << "[ cases ] " << c.first << ": " << kLarge << " names on each side in " << large << " s\n";
    EXPECT_LT(large, 20 * 8 * (small + 1e-3))
        << "20 times as many names took " << large / small << " times as long";
  }
}

TEST(MatchCuresTest, HostileNamesCostTheirLength) {
  const NamedShapes file{named(std::string(1 << 20, '.')), named(std::string(1 << 20, 'a') + ".weight"),
                         named("")};
  const NamedShapes model{named(std::string(1 << 20, '.') + "x"), named("weight"), named("b")};
  const MatchReport report = match(file, model);
  EXPECT_EQ(report.unexpected.size(), 3u);
}

}  // namespace
}  // namespace ballast
