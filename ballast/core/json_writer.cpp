#include "ballast/core/json_writer.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "ballast/core/utf8.h"

namespace ballast {

void JsonWriter::open(char bracket, Layout layout) {
  before_value();
  out_.push_back(bracket);
  levels_.push_back({layout});
}

void JsonWriter::close(char bracket) {
  const Level done = levels_.back();
  levels_.pop_back();
  if (done.layout == Layout::kLines && !done.empty) new_line();
  out_.push_back(bracket);
}

void JsonWriter::new_line() {
  out_.push_back('\n');
  for (const Level& level : levels_) {
    if (level.layout == Layout::kLines) append("  ");
  }
}

void JsonWriter::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  Level& level = levels_.back();
  if (!level.empty) append(level.layout == Layout::kInline ? ", " : ",");
  level.empty = false;
  if (level.layout == Layout::kLines) new_line();
}

void JsonWriter::key(std::string_view name) {
  before_value();
  append_quoted(name);
  append(!levels_.empty() && levels_.back().layout == Layout::kTight ? ":" : ": ");
  after_key_ = true;
}

void JsonWriter::real(double value) {
  if (std::isfinite(value)) {
    number(fmt::format("{}", value));
  } else if (std::isnan(value)) {
    null();
  } else {
    string(value > 0 ? "Infinity" : "-Infinity");
  }
}

void JsonWriter::string(std::string_view utf8) {
  before_value();
  append_quoted(utf8);
}

void JsonWriter::number(std::string_view digits) {
  before_value();
  append(digits);
}

void JsonWriter::append_quoted(std::string_view utf8) {
  out_.push_back('"');
  while (!utf8.empty()) {
    const auto plain = std::ranges::find_if(utf8, [](char c) {
      return c < ' ' || c > '~' || c == '"' || c == '\\';
    });  // char is signed: also all of UTF-8
    append(std::string_view(utf8.begin(), plain));
    utf8.remove_prefix(static_cast<std::size_t>(plain - utf8.begin()));
    if (utf8.empty()) break;

    const std::string_view before = utf8;
    const char32_t c = take_character(utf8);
    if (c == U'"' || c == U'\\') {
      out_.push_back('\\');
      out_.push_back(static_cast<char>(c));
    } else if (c == U'\n') {
      append("\\n");
    } else if (c == U'\t') {
      append("\\t");
    } else if (c < 0xA0 || (c >= 0xD800 && c < 0xE000)) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<std::uint32_t>(c));
    } else {
      append(before.substr(0, before.size() - utf8.size()));
    }
  }
  out_.push_back('"');
}

}  // namespace ballast
