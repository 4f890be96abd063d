#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>

#include "ballast/core/print.h"
#include "ballast/core/printable.h"
#include "ballast/core/utf8.h"

namespace ballast {
namespace {

void append_escape(std::string& out, char32_t c) {
  const auto code = static_cast<std::uint32_t>(c);
  auto at = std::back_inserter(out);
  switch (c) {
    case U'\n':
      out += "\\n";
      break;
    case U'\r':
      out += "\\r";
      break;
    case U'\t':
      out += "\\t";
      break;
    default:
      if (code < 0x100) {
        fmt::format_to(at, "\\x{:02x}", code);
      } else if (code < 0x10000) {
        fmt::format_to(at, "\\u{:04x}", code);
      } else {
        fmt::format_to(at, "\\U{:08x}", code);
      }
  }
}

}  // namespace

std::string printable_text(std::string_view utf8) {
  std::string out;
  while (!utf8.empty()) {
    const std::string_view before = utf8;
    const char32_t c = take_character(utf8);
    if (is_printable(c)) {
      out += before.substr(0, before.size() - utf8.size());
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

std::string python_repr(std::string_view utf8) {
  const bool has_single = utf8.find('\'') != std::string_view::npos;
  const bool has_double = utf8.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string out(1, quote);
  while (!utf8.empty()) {
    const std::string_view before = utf8;
    const char32_t c = take_character(utf8);
    if (c == static_cast<char32_t>(quote) || c == U'\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (is_printable(c)) {
      out += before.substr(0, before.size() - utf8.size());
    } else {
      append_escape(out, c);
    }
  }
  return out += quote;
}

std::string python_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // The shortest digits that read back as the value, d.ddde+xx, then laid out as Python does.
  char buffer[32];
  const char* end =
      std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);

  std::string out(text.starts_with('-') ? "-" : "");
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  if (exponent < 0) {
    out += "0." + std::string(static_cast<std::size_t>(-exponent) - 1, '0') + digits;
    return out;
  }
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string python_repr(bool value) { return value ? "True" : "False"; }

std::string python_tuple(IntArrayRef values) {
  return fmt::format("({}{})", fmt::join(values.begin(), values.end(), ", "), values.size() == 1 ? "," : "");
}

std::string python_list(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& v : values) {
    if (out.size() > 1) out += ", ";
    out += python_repr(std::string_view(v));
  }
  return out += ']';
}

}  // namespace ballast
