// Which characters Python writes as they are in the repr of a str, and which as escapes.
#pragma once

#include <string>
#include <string_view>

namespace ballast {

/// Python's chr(code_point).isprintable(): false for control, format, private and unassigned characters,
/// surrogates, and separators other than the space (Unicode 14.0, as in Python 3.11).
[[nodiscard]] bool is_printable(char32_t code_point) noexcept;

/// `utf8` with every character that does not print (controls, line ends, bidirectional marks, bytes that are no
/// UTF-8) as the escape that Python writes. Quotes and backslashes stay as they are: this is for reading.
[[nodiscard]] std::string printable_text(std::string_view utf8);

}  // namespace ballast
