// The tree of plain data that `ballast show --json` prints under "data".
#include <algorithm>
#include <bit>
#include <iostream>
#include <set>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include <gtest/gtest.h>

#include "ballast/core/print.h"

namespace ballast::testing {
namespace {

/// Reads JSON with integers beyond 64 bits as texts "digits ...": a double would lose them.
class ExactIntegers : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  explicit ExactIntegers(Json& into) : json_sax_dom_parser(into, false) {}
  bool number_float(double v, const std::string& text) {
    std::string digits = "digits " + text;
    return text.find_first_of(".e") == std::string::npos ? string(digits)
                                                         : json_sax_dom_parser::number_float(v, text);
  }
};

Json parsed(const std::string& text) {
  Json root;
  ExactIntegers reader(root);
  EXPECT_TRUE(Json::sax_parse(text, &reader)) << text;
  return root;
}

double float_of(const Json& v) {
  std::uint64_t bits = 0;
  const std::string bytes = from_hex(v["hex"]);
  for (std::size_t i = 8; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
  return std::bit_cast<double>(bits);
}

/// What the golden description of an object should become.
class Expected {
 public:
  Expected(const Json& golden, const Json& storages) : golden_(golden), storages_(storages) {}

  Json tree(const Json& v) {
    const std::string t = v["t"];
    if (t == "none") return nullptr;
    if (t == "bool" || t == "str") return v["v"];
    if (t == "int") return integer(v["v"]);
    if (t == "float") return real(float_of(v));
    if (t == "complex") return {{"complex", complex_parts(v["v"])}};
    if (t == "bytes" || t == "bytearray") return {{t, v["hex"]}};
    if (t == "size") return v["v"];
    if (t == "dtype" || t == "device" || t == "name") return {{t, v["v"]}};
    if (t == "tensor") return {{"tensor", golden_name(golden_["tensors"][v["i"].get<std::size_t>()])}};
    if (t == "storage") return storage(v);
    if (t == "object") {
      Json content = Json::array();
      for (const Json& item : v["state"]["items"]) content.push_back({tree(item[0]), tree(item[1])});
      return {{"object", v["class"]}, {"content", content}};
    }
    if (t == "ndarray") {
      EXPECT_EQ(v["dtype"], "<i8");  // of the fixtures
      return {{"ndarray", {{"dtype", "int64"}, {"shape", v["shape"]}, {"sha256", v["sha256"]}}}};
    }
    if (t == "dict" || t == "OrderedDict" || t == "Counter") return mapping(v["items"]);
    Json items = Json::array();
    for (const Json& item : v["items"]) items.push_back(tree(item));
    return t == "set" || t == "frozenset" ? Json{{t, items}} : items;
  }

 private:
  static Json integer(const std::string& digits) {
    if (digits.size() > 308) return {{"int", digits}};
    return digits.size() < 19 ? Json::parse(digits) : parsed(digits);
  }
  static Json real(double v) { return std::isfinite(v) ? Json(v) : Json{{"float", python_repr(v)}}; }

  /// Of Python's text "(1-2.5j)".
  static Json complex_parts(const std::string& text) {
    std::size_t used = 0;
    const double re = std::stod(text.substr(1), &used);
    return {re, std::stod(text.substr(1 + used))};
  }

  Json storage(const Json& v) {
    for (const Json& s : storages_) {
      if (s["bytes"] == v["nbytes"]) return {{"storage", s["id"]}};
    }
    return "no such storage";
  }

  Json mapping(const Json& items) {
    Json object = Json::object(), entries = Json::array();
    bool is_object = true;
    std::set<std::string> keys;
    for (const Json& item : items) {
      const Json& key = item[0];
      const std::string t = key["t"];
      std::string text;
      if (t == "str" || t == "int") {
        text = key["v"];
      } else if (t == "bool") {
        text = key["v"].dump();
      } else if (t == "none") {
        text = "null";
      } else if (t == "float") {
        text = python_repr(float_of(key));
      } else {
        is_object = false;
      }
      is_object = keys.insert(text).second && is_object;
      const Json value = tree(item[1]);
      object[text] = value;
      entries.push_back({tree(key), value});
    }
    return is_object ? object : Json{{"entries", entries}};
  }

  const Json& golden_;
  const Json& storages_;
};

/// Elements of a set have no order.
void sort_sets(Json& j) {
  if (!j.is_structured()) return;
  for (auto& child : j) sort_sets(child);
  for (const char* kind : {"set", "frozenset"}) {
    if (j.is_object() && j.size() == 1 && j.contains(kind) && j[kind].is_array()) {
      std::sort(j[kind].begin(), j[kind].end(),
                [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
    }
  }
}

std::size_t values_in(const Json& j) {
  std::size_t n = 1;
  if (j.is_structured()) {
    for (const auto& child : j) n += values_in(child);
  }
  return n;
}

TEST(ShowData, IsTheTreeThatPyTorchSaved) {
  std::size_t files = 0, values = 0;
  for (const GoldenCheckpoint& c : golden_checkpoints()) {
    if (!c.content) continue;
    SCOPED_TRACE(c.name);
    const Outcome outcome = ballast_command({"show", c.path, "--json"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const Json shown = parsed(outcome.out);
    Json data = shown["data"];
    Json expected = Expected(*c.content, shown["storages"]).tree((*c.content)["tree"]);
    sort_sets(data);
    sort_sets(expected);
    EXPECT_EQ(data.dump(), expected.dump());  // also tells 0 from -0, and 1 from 1.0
    values += values_in(data);
    ++files;
  }
  std::cout << "[ cases ] " << files << " trees of " << values << " values of checkpoints/zip and real\n";
  EXPECT_GT(files, 60u);
  EXPECT_GT(values, 4000u);
}

/// The text of the tree of a pickle.
std::string data_of(const std::string& body, const std::vector<std::string>& storages = {}) {
  static const TemporaryFolder folder;
  const std::string file = folder.file("x.pth", checkpoint_of(pickle(body), storages)).string();
  const Outcome outcome = ballast_command({"show", file, "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  const std::size_t begin = outcome.out.find("\n  \"data\": ");
  const std::size_t end = outcome.out.find(",\n  \"totals\"");
  if (begin == std::string::npos || end == std::string::npos) return outcome.out;
  EXPECT_FALSE(Json::parse(outcome.out, nullptr, false).is_discarded()) << outcome.out;
  return outcome.out.substr(begin + 11, end - begin - 11);
}

std::string number_of_bytes(std::size_t n) {  // 256^(n-1), in n + 1 bytes
  return "\x8b" + little(n + 1, 4) + std::string(n - 1, '\0') + std::string("\1\0", 2);
}

TEST(ShowData, WritesWhatJsonHasNoWordFor) {
  struct Case {
    std::string pickle, json;
  };
  const std::string set = global("__builtin__", "set");
  const Case cases[] = {
      {"N", "null"},
      {"\x88", "true"},
      {"K\7", "7"},
      {std::string("\x8a\x09\0\0\0\0\0\0\0\0\1", 11), "18446744073709551616"},
      {"G" + std::string("\x7f\xf0\0\0\0\0\0\0", 8), R"({"float": "inf"})"},
      {"G" + std::string("\xff\xf0\0\0\0\0\0\0", 8), R"({"float": "-inf"})"},
      {"G" + std::string("\x7f\xf8\0\0\0\0\0\0", 8), R"({"float": "nan"})"},
      {"G" + std::string("\x80\0\0\0\0\0\0\0", 8), "-0.0"},
      {"G" + std::string("?\xb9\x99\x99\x99\x99\x99\x9a", 8), "0.1"},
      {text("\u00e9\"\\\n"), R"("é\"\\\n")"},
      {text(std::string("\0\x1b[2J", 5)), R"("\u0000\u001b[2J")"},
      {global("_codecs", "encode") + text("\u00ff") + text("latin1") + "\x86R", R"({"bytes": "ff"})"},
      {global("__builtin__", "bytearray") + ")R", R"({"bytearray": ""})"},
      {global("__builtin__", "complex") + "G" + std::string(8, '\0') + "G" +
           std::string("\x7f\xf0\0\0\0\0\0\0", 8) + "\x86R",
       R"({"complex": [0.0, {"float": "inf"}]})"},
      {"](K\1K\2e", "[1, 2]"},
      {"K\1K\2\x86", "[1, 2]"},
      {global("torch", "Size") + "K\1K\2\x86\x85R", "[1, 2]"},
      {set + "](K\1e\x85R", R"({"set": [1]})"},
      {global("__builtin__", "frozenset") + "](K\1e\x85R", R"({"frozenset": [1]})"},
      {global("torch", "float16"), R"({"dtype": "float16"})"},
      {global("torch", "quint8"), R"({"dtype": "quint8"})"},
      {global("torch", "device") + text("cuda:0") + "\x85R", R"({"device": "cuda:0"})"},
      {global("torch", "FloatStorage"), R"({"name": "torch.FloatStorage"})"},
      {"}", "{}"},
      {"}(" + text("a") + "K\1u", R"({"a": 1})"},
      {"}(K\1Nu", R"({"1": null})"},
      {"}(N\x88u", R"({"null": true})"},
      {"}(\x89\x88u", R"({"false": true})"},
      {"}(K\1N" + text("1") + "Nu", R"({"entries": [[1, null], ["1", null]]})"},
      {"}(K\1K\2\x86Nu", R"({"entries": [[[1, 2], null]]})"},
      {"}(" + text("tensor") + text("a") + "u", R"({"entries": [["tensor", "a"]]})"},
      {"}(" + text("tensor") + text("a") + text("b") + "Nu", R"({"tensor": "a", "b": null})"},
      {"}(" + text("entries") + "]u", R"({"entries": [["entries", []]]})"},
      {"}(" + text("omitted") + text("list") + text("items") + "K\1u",
       R"({"entries": [["omitted", "list"], ["items", 1]]})"},
      {std::string("]q\0h\0a", 6), R"([{"cycle": 1}])"},
  };
  for (const Case& c : cases) EXPECT_EQ(data_of(c.pickle), c.json);
  std::cout << "[ cases ] " << std::size(cases) << " pickles\n";
}

TEST(ShowData, IntegersBeyondADoubleAreTexts) {
  const std::string fits = data_of(number_of_bytes(128)), large = data_of(number_of_bytes(129));
  EXPECT_EQ(fits.size(), 306u);
  EXPECT_EQ(fits.find_first_not_of("0123456789"), std::string::npos);
  EXPECT_TRUE(large.starts_with(R"({"int": ")")) << large;
}

TEST(ShowData, ATensorInSeveralPlacesHasANameInEach) {
  EXPECT_EQ(
      data_of("}(" + text("a") + tensor(1, {1}, {1}) + "q\1" + text("b") + "h\1" + text("c") + "h\1\x85u",
              {"1234"}),
      R"({"a": {"tensor": "a"}, "b": {"tensor": "b"}, "c": [{"tensor": "c.0"}]})");
}

TEST(ShowData, DeepTreesAreCutAtTwoHundredLevels) {
  const std::string deep = data_of(std::string(250, ']') + std::string(249, 'a'));
  EXPECT_EQ(deep, std::string(200, '[') + R"({"omitted": "list", "items": 1})" + std::string(200, ']'));
  const std::string not_too_deep = std::string(200, ']') + std::string(199, 'a');
  EXPECT_EQ(data_of(not_too_deep), std::string(200, '[') + std::string(200, ']'));
}

TEST(ShowData, WhatStandsInVeryManyPlacesIsWrittenInSomeOfThem) {
  // 60 lists, each twice in the next one: 2^60 places.
  std::string body = std::string("]q\0", 3);
  for (char i = 0; i < 60; ++i) body += std::string("0](h") + i + "h" + i + "eq" + static_cast<char>(i + 1);
  const std::string data = data_of(body);
  EXPECT_NE(data.find(R"({"omitted": "list", "items": 2})"), std::string::npos);
  EXPECT_LT(data.size(), 4u << 20);
}

TEST(ShowData, ALongTextInManyPlacesIsWrittenInSomeOfThem) {
  std::string body = "](" + text(std::string(1 << 20, 'x')) + "q\1";
  for (int i = 0; i < 1000; ++i) body += "h\1";
  const std::string data = data_of(body + "e");
  EXPECT_NE(data.find(R"({"omitted": "str", "items": 1048576})"), std::string::npos);
  EXPECT_LT(data.size(), 40u << 20);
}

}  // namespace
}  // namespace ballast::testing
