// Which characters Python writes as they are in the repr of a str, and which as escapes.
#pragma once

namespace ballast {

/// Python's chr(code_point).isprintable(): false for control, format, private and unassigned characters,
/// surrogates, and separators other than the space (Unicode 14.0, as in Python 3.11).
[[nodiscard]] bool is_printable(char32_t code_point) noexcept;

}  // namespace ballast
