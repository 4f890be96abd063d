#include "ballast/core/json_writer.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ballast {
namespace {

template <class F>
std::string written(F f) {
  fmt::memory_buffer out;
  JsonWriter json(out);
  f(json);
  return {out.data(), out.size()};
}

std::string written_text(std::string_view text) {
  return written([&](JsonWriter& json) { json.string(text); });
}

TEST(JsonWriter, PutsCommasAndLines) {
  const std::string text = written([](JsonWriter& json) {
    json.begin_object(JsonWriter::Layout::kLines);
    json.key("a"), json.number(-1);
    json.key("b"), json.begin_array(JsonWriter::Layout::kLines);
    json.begin_object(), json.key("c"), json.null(), json.key("d"), json.boolean(true), json.end_object();
    json.begin_array(), json.number("1e-05"), json.string("x"), json.end_array();
    json.end_array();
    json.key("e"), json.begin_array(JsonWriter::Layout::kLines), json.end_array();
    json.end_object();
  });
  EXPECT_EQ(text, R"({
  "a": -1,
  "b": [
    {"c": null, "d": true},
    [1e-05, "x"]
  ],
  "e": []
})");
}

TEST(JsonWriter, LeavesOutSpacesWhereToldTo) {
  const std::string text = written([](JsonWriter& json) {
    json.begin_object(JsonWriter::Layout::kTight);
    json.key("a"), json.number(1);
    json.key("b"), json.begin_array(JsonWriter::Layout::kTight);
    json.number(2), json.string("x, y"), json.null();
    json.end_array();
    json.end_object();
  });
  EXPECT_EQ(text, R"({"a":1,"b":[2,"x, y",null]})");
}

TEST(JsonWriter, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(written_text("a\"b\\c\nd\te"), R"("a\"b\\c\nd\te")");
  EXPECT_EQ(written_text(std::string_view("\0\x1b\x7f", 3)), "\"\\u0000\\u001b\\u007f\"");
  EXPECT_EQ(written_text("\u00e9\u4e2d\U0001F600"), "\"\u00e9\u4e2d\U0001F600\"");
}

TEST(JsonWriter, WritesLoneSurrogatesAndBrokenUtf8AsPythonDoes) {
  EXPECT_EQ(written_text("\xed\xa0\xbd"), "\"\\ud83d\"");
  EXPECT_EQ(written_text("a\xff"), "\"a\\udcff\"");
  EXPECT_EQ(written_text("\xe4\xb8"), "\"\\udce4\\udcb8\"");
}

TEST(JsonWriter, WhatItWritesReadsBack) {
  std::string every;
  for (char32_t c = 1; c < 0x3000; ++c) {
    if (c < 0x80) {
      every += static_cast<char>(c);
    } else if (c < 0x800) {
      every += static_cast<char>(0xC0u | (c >> 6));
      every += static_cast<char>(0x80u | (c & 0x3Fu));
    } else {
      every += static_cast<char>(0xE0u | (c >> 12));
      every += static_cast<char>(0x80u | ((c >> 6) & 0x3Fu));
      every += static_cast<char>(0x80u | (c & 0x3Fu));
    }
  }
  EXPECT_EQ(nlohmann::json::parse(written_text(every)).get<std::string>(), every);
}

TEST(JsonWriter, NumbersThatReadBackAndWordsForTheOthers) {
  const auto real = [](double value) { return written([&](JsonWriter& json) { json.real(value); }); };
  for (const double value : {0.1, 1.0, -2.5e-300, 1e22, 5e-324, 123456789.0}) {
    EXPECT_EQ(nlohmann::json::parse(real(value)).get<double>(), value);
  }
  EXPECT_EQ(real(0.1), "0.1");
  EXPECT_EQ(real(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(real(std::numeric_limits<double>::infinity()), R"("Infinity")");
  EXPECT_EQ(real(-std::numeric_limits<double>::infinity()), R"("-Infinity")");
}

}  // namespace
}  // namespace ballast
