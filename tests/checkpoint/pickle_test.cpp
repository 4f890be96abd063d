#include <iostream>

#include "tests/checkpoint/craft.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/pickle/pickle_machine.h"
#include "ballast/core/utf8.h"

namespace ballast::testing {
namespace {

using checkpoint::Kind;
using checkpoint::LoadOptions;
using checkpoint::Value;

Value root_of(const std::string& p, const LoadOptions& options = {}) {
  static const TemporaryFolder folder;
  return load(folder.file("p.pth", checkpoint_of(p)), options).root();
}
std::string refusal(const std::string& p, const LoadOptions& options = {}) {
  try {
    static_cast<void>(root_of(p, options));
  } catch (const FormatError& e) {
    return e.what();
  } catch (const LimitError& e) {
    return e.what();
  }
  return "read";
}
std::string protocol4(const std::string& body) { return "\x80\x04" + body + "."; }

TEST(Pickle, NumbersOfEverySize) {
  const std::pair<std::string, std::string> cases[] = {
      {"K\xff", "255"},
      {"M\xff\xff", "65535"},
      {"J" + little(0xFFFFFFFF, 4), "-1"},
      {std::string("\x8a\0", 2), "0"},
      {"\x8a\1\xff", "-1"},
      {std::string("\x8a\2\xff\0", 4), "255"},
      {std::string("\x8a\x09\0\0\0\0\0\0\0\x80\0", 11), "9223372036854775808"},
      {std::string("\x8a\x08\0\0\0\0\0\0\0\x80", 10), "-9223372036854775808"},
      {std::string("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff", 11), "-9223372036854775809"},
      {std::string("\x8b\x0d\0\0\0", 5) + std::string(12, '\0') + "\1", "79228162514264337593543950336"},
  };
  for (const auto& [p, digits] : cases) {
    const Value v = root_of(pickle(p));
    EXPECT_EQ(v.int_text(), digits);
    EXPECT_EQ(Value::integer(digits).int_text(), digits);
    EXPECT_EQ(v.fits_int64(), digits.size() < 19 || digits == "-9223372036854775808");
  }
  EXPECT_EQ(root_of(pickle("G?\xf8" + std::string(6, '\0'))).as_float(), 1.5);
}

TEST(Pickle, NewerInstructionsGiveTheSameData) {
  const Value v = root_of(protocol4(
      "\x95" + little(28, 8) + "}\x94(\x8c\1a\x94\x8f\x94(K\1K\2\x90\x8c\1b\x94(K\3\x91\x94\x8c\1c\x94h\1u"));
  EXPECT_EQ(v.at("a").kind(), Kind::kSet);
  EXPECT_EQ(v.at("b").kind(), Kind::kFrozenSet);
  EXPECT_EQ(v.at("c").as_text(), "a");
  EXPECT_EQ(root_of("\x80\5\x96" + little(3, 8) + "abc.").kind(), Kind::kByteArray);
}

TEST(Pickle, CyclesAreKept) {
  const Value v = root_of(pickle(std::string("]q\0h\0a", 6)));
  ASSERT_EQ(v.size(), 1u);
  EXPECT_EQ(v.item(0).id(), v.id());
}

TEST(Pickle, WhatItMayNotSayIsRefusedWithItsPlace) {
  const std::pair<std::string, std::string> cases[] = {
      {pickle(global("os", "system") + text("x") + "\x85R"), "names os.system"},
      {pickle(global("torch", "Tensor") + ")R"), "nothing was run"},
      {pickle(global("torch._tensor", "_rebuild_from_type_v2") +
              tuple({global("torch._tensor", "_rebuild_from_type_v2"), global("torch", "Tensor"), ")", "N"}) +
              "R"),
       "makes a tensor"},
      {pickle("NN"), "left on the stack"},
      {pickle("N") + "x", "follow STOP"},
      {pickle("N\x80\2"), "in the middle"},
      {pickle("}(" + text("a") + "K\1" + text("a") + "K\2u"), "twice"},
      {pickle("}(K\1K\1\x88K\2u"), "twice"},  // 1 and True are one key
      {pickle("X" + little(2, 4) + "\xed\xa0"), "UTF-8"},
      {pickle("\x82\1"), "extension registry"},
      {pickle("\x97"), "outside"},
      {"I1\n.", "protocol of 2"},
      {pickle("I1\n"), "protocol 0"},
      {pickle(")"), "read"},
      {pickle(")N\x85"
              "b"),
       "state"},
      {pickle("]K\1K\2s"), "only dictionaries"},
      {pickle("(a"), "empty stack"},
      {pickle("]](K\1e0](0e"), "no mark"},
      {protocol4("\x95" + little(2, 8) + "X" + little(1, 4) + "a"), "over the end of its frame"},
      {protocol4("\x95" + little(20, 8) + "\x95" + little(1, 8) + "N" + std::string(10, '0')),
       "inside another"},
      {pickle(global("__builtin__", "set") + "](K\1K\1e\x85R"), "twice"},
      {pickle(global("collections", "OrderedDict") + "]" + tuple({"K\1"}) + "a\x85R"), "pairs"},
      {pickle(global("_codecs", "encode") + text("\xc4\x80") + text("latin1") + "\x86R"), "not in latin1"},
      {pickle(tuple({"K\1"}) + "Q"), "persistent id"},
  };
  for (const auto& [p, says] : cases) {
    const std::string message = refusal(p);
    EXPECT_NE(message.find(says), std::string::npos) << says << ": " << message;
  }
  std::cout << "[ cases ] " << std::size(cases) << " pickles\n";
}

TEST(Pickle, LimitsAreNamed) {
  const auto limited = [](const std::string& p, auto set) {
    LoadOptions options;
    set(options.limits);
    return refusal(p, options);
  };
  EXPECT_NE(limited(pickle("NNN"), [](auto& l) { l.stack = 2; }).find("(stack)"), std::string::npos);
  EXPECT_NE(limited(pickle("(((N"), [](auto& l) { l.stack = 2; }).find("(stack)"), std::string::npos);
  EXPECT_NE(limited(pickle("Nq\1q\2q\3"), [](auto& l) { l.memo = 2; }).find("(memo)"), std::string::npos);
  EXPECT_NE(limited(pickle("N0N"), [](auto& l) { l.opcodes = 2; }).find("(opcodes)"), std::string::npos);
  EXPECT_NE(limited(pickle(text("abc")), [](auto& l) { l.string_bytes = 2; }).find("(string_bytes)"),
            std::string::npos);
  EXPECT_NE(limited(pickle("\x8a\3abc"), [](auto& l) { l.integer_bytes = 2; }).find("(integer_bytes)"),
            std::string::npos);
  EXPECT_NE(limited(pickle("N"), [](auto& l) { l.pickle_bytes = 2; }).find("(pickle_bytes)"),
            std::string::npos);
}

TEST(Pickle, Utf8IsCheckedToTheLetter) {
  for (const char* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xc3\xa9klmnopqr"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "12345678\xff", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Value, TreesAreJoinedWhenTheyAreLinked) {
  Value inner = Value::list({1, "two", 3.5});
  Value outer = Value::dict();
  outer.set("inner", inner);
  outer.set("again", inner);
  outer.set("none", Value());
  inner.append(outer);  // a cycle, over two trees
  inner = Value();
  EXPECT_EQ(outer.at("inner").size(), 4u);
  EXPECT_EQ(outer.at("inner").id(), outer.at("again").id());
  EXPECT_EQ(outer.at("inner").item(3).id(), outer.id());
  const Value kept = outer.at("inner").item(1);
  outer = Value();
  EXPECT_EQ(kept.as_text(), "two");
}

TEST(Value, KeysCompareAsInPython) {
  Value d = Value::dict();
  d.set(1, "int");
  d.set(true, "bool");
  d.set(1.0, "float");
  d.set("1", "str");
  d.set(Value::tuple({1, "x"}), "tuple");
  d.set(Value::tuple({1.0, "x"}), "tuple again");
  EXPECT_EQ(d.size(), 3u);
  EXPECT_EQ(d.value(0).as_text(), "float");
  EXPECT_EQ(d.value(2).as_text(), "tuple again");
  EXPECT_THROW(d.set(Value::list(), 1), DTypeError);
  for (int i = 0; i < 5000; ++i) d.set(fmt::format("key {}", i), i);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(d.at(fmt::format("key {}", i)).as_int(), i);
  EXPECT_THROW(static_cast<void>(d.at("key 5000")), KeyError);
}

TEST(Value, AskedForWhatItIsNotItSaysWhatItIs) {
  try {
    static_cast<void>(Value("text").as_int());
    FAIL();
  } catch (const DTypeError& e) {
    EXPECT_STREQ(e.what(), "expected an int but found a str");
  }
}

}  // namespace
}  // namespace ballast::testing
