// The map that keeps the order of insertion: libtorch's interface and texts.
#include "ballast/core/ordered_dict.h"

#include <map>
#include <random>

#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/core/state_dict.h"

namespace ballast {
namespace {

using testing::text_of;

using Dict = OrderedDict<std::string, int>;

TEST(OrderedDictTest, KeepsTheOrderOfInsertion) {
  Dict d{{"z", 1}, {"a", 2}};
  d.insert("m", 3);
  EXPECT_EQ(d.keys(), (std::vector<std::string>{"z", "a", "m"}));
  EXPECT_EQ(d.values(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(d.pairs()[1], (std::pair<std::string, int>("a", 2)));
  EXPECT_EQ(d.items()[2].key(), "m");
  EXPECT_EQ(d.size(), 3u);
  EXPECT_FALSE(d.is_empty());
  EXPECT_EQ(d.front().key(), "z");
  EXPECT_EQ(d.back().value(), 3);
}

TEST(OrderedDictTest, IsIndexedByNameAndByPosition) {
  Dict d{{"a", 10}, {"b", 20}};
  EXPECT_EQ(d["a"], 10);
  EXPECT_EQ(d[std::string("b")], 20);
  EXPECT_EQ(d[std::string_view("b")], 20);
  EXPECT_EQ(d[0].key(), "a");
  EXPECT_EQ(d[1u].value(), 20);
  EXPECT_EQ(d[std::size_t{1}].value(), 20);
  d["a"] = 11;
  EXPECT_EQ(*d[0], 11);
  const Dict& c = d;
  EXPECT_EQ(c["b"], 20);
  EXPECT_EQ(c[0].value(), 11);
  EXPECT_EQ(*c.find("b"), 20);
  EXPECT_EQ(c.find("c"), nullptr);
  EXPECT_TRUE(c.contains("a"));
  EXPECT_FALSE(c.contains(""));
  EXPECT_EQ(c.position("b"), 1u);
  EXPECT_EQ(c.position("c"), Dict::kNone);
}

TEST(OrderedDictTest, SaysWhatIsWrongInLibtorchsWords) {
  Dict d{{"a", 1}};
  EXPECT_EQ(text_of<KeyError>([&] { (void)d["k"]; }), "Key 'k' is not defined");
  EXPECT_EQ(text_of<KeyError>([&] { (void)d.at("k"); }), "Key 'k' is not defined");
  EXPECT_EQ(text_of<KeyError>([&] { d.erase("k"); }), "Key 'k' is not defined");
  EXPECT_EQ(text_of<KeyError>([&] { d.insert("a", 2); }), "Key 'a' already defined");
  EXPECT_EQ(text_of<KeyError>([&] { d.update(Dict{{"b", 2}, {"a", 2}}); }), "Key 'a' already defined");
  EXPECT_EQ(text_of<IndexError>([&] { (void)d[5]; }), "Index 5 is out of bounds");
  EXPECT_EQ(text_of<IndexError>([&] { (void)d[-1]; }), "Index -1 is out of bounds");
  Dict none;
  EXPECT_EQ(text_of<IndexError>([&] { (void)none.front(); }), "Called front() on an empty OrderedDict");
  EXPECT_EQ(text_of<IndexError>([&] { (void)none.back(); }), "Called back() on an empty OrderedDict");
}

TEST(OrderedDictTest, TheTextsNameWhatTheKeysAre) {
  Dict d("Parameter");
  EXPECT_EQ(d.key_description(), "Parameter");
  d.insert("w", 1);
  EXPECT_EQ(text_of<KeyError>([&] { (void)d["b"]; }), "Parameter 'b' is not defined");
  EXPECT_EQ(text_of<KeyError>([&] { d.insert("w", 1); }), "Parameter 'w' already defined");
  EXPECT_EQ(Dict().key_description(), "Key");
}

TEST(OrderedDictTest, ItemsUnpack) {
  Dict d{{"a", 1}, {"b", 2}};
  int sum = 0;
  for (auto& [key, value] : d) {
    static_assert(std::is_same_v<decltype(key), const std::string>);
    value *= 10;
    sum += value + static_cast<int>(key.size());
  }
  EXPECT_EQ(sum, 32);
  EXPECT_EQ(d["a"], 10);
  for (const auto& [key, value] : std::as_const(d)) EXPECT_EQ(d[key], value);
  for (const auto& item : d) EXPECT_EQ(*item, item.pair().second);
}

TEST(OrderedDictTest, ValuesCanBeReachedThroughItems) {
  OrderedDict<std::string, std::vector<int>> d;
  d.insert("a", {1, 2});
  EXPECT_EQ(d[0]->size(), 2u);
  EXPECT_EQ(d.begin()->value().front(), 1);
  EXPECT_EQ((d.begin() + 1), d.end());
}

TEST(OrderedDictTest, AssigningKeepsThePlace) {
  Dict d{{"a", 1}, {"b", 2}};
  d.assign("a", 5);
  d.assign("c", 3);
  EXPECT_EQ(d.keys(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(d["a"], 5);
}

TEST(OrderedDictTest, LaterItemsMoveUpWhenOneGoes) {
  Dict d{{"a", 1}, {"b", 2}, {"c", 3}};
  d.erase("b");
  EXPECT_EQ(d.keys(), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(d["c"], 3);
  EXPECT_FALSE(d.contains("b"));
  d.insert("b", 4);
  EXPECT_EQ(d.back().key(), "b");
  d.clear();
  EXPECT_TRUE(d.empty());
  d.insert("a", 1);
  EXPECT_EQ(d.size(), 1u);
}

TEST(OrderedDictTest, EqualityCountsTheOrder) {
  EXPECT_EQ((Dict{{"a", 1}, {"b", 2}}), (Dict{{"a", 1}, {"b", 2}}));
  EXPECT_FALSE((Dict{{"a", 1}, {"b", 2}} == Dict{{"b", 2}, {"a", 1}}));
  EXPECT_FALSE((Dict{{"a", 1}} == Dict{{"a", 2}}));
}

TEST(OrderedDictTest, ACopyIsIndependent) {
  Dict a;
  for (int i = 0; i < 100; ++i) a.insert(std::to_string(i), i);
  EXPECT_TRUE(a.contains("50"));
  Dict b = a;
  b.erase("50");
  b["51"] = -1;
  EXPECT_EQ(a["50"], 50);
  EXPECT_EQ(a["51"], 51);
  const Dict c = std::move(b);
  EXPECT_EQ(c.size(), 99u);
  EXPECT_EQ(c["99"], 99);
}

TEST(OrderedDictTest, LargeOnesStayFastAndRight) {
  Dict d;
  constexpr int kCount = 200'000;
  for (int i = 0; i < kCount; ++i) d.insert("layer." + std::to_string(i), i);
  EXPECT_EQ(d.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; i += 777) EXPECT_EQ(d["layer." + std::to_string(i)], i);
  EXPECT_EQ(d[kCount - 1].value(), kCount - 1);
  EXPECT_FALSE(d.contains("layer.x"));
}

TEST(OrderedDictTest, EqualsTheSlowTwinUnderAnyHistory) {
  std::mt19937 random(2);
  for (int round = 0; round < 50; ++round) {
    Dict d;
    std::vector<std::pair<std::string, int>> twin;
    const auto find = [&](const std::string& k) {
      return std::find_if(twin.begin(), twin.end(), [&](const auto& p) { return p.first == k; });
    };
    for (int step = 0; step < 200; ++step) {
      const std::string key = std::to_string(random() % 40);
      const int value = static_cast<int>(random() % 1000);
      const auto at = find(key);
      switch (random() % 4) {
        case 0:
          if (at == twin.end()) {
            d.insert(key, value);
            twin.emplace_back(key, value);
          } else {
            EXPECT_THROW(d.insert(key, value), KeyError);
          }
          break;
        case 1:
          d.assign(key, value);
          if (at == twin.end()) {
            twin.emplace_back(key, value);
          } else {
            at->second = value;
          }
          break;
        case 2:
          if (at != twin.end()) {
            d.erase(key);
            twin.erase(at);
          }
          break;
        default:
          EXPECT_EQ(d.contains(key), at != twin.end());
          if (at != twin.end()) {
            EXPECT_EQ(d[key], at->second);
          }
      }
    }
    EXPECT_EQ(d.pairs(), twin);
  }
}

TEST(StateDictTest, IsADictionaryOfTensorsWithMetadata) {
  StateDict s;
  s.insert("0.weight", empty({2, 3}));
  s.metadata.push_back({.path = "", .version = 1});
  const StateDict copy = s;
  EXPECT_TRUE(copy["0.weight"].is_same(s["0.weight"]));
  EXPECT_EQ(copy.metadata, s.metadata);
  EXPECT_FALSE(copy.has_metadata);
}

}  // namespace
}  // namespace ballast
