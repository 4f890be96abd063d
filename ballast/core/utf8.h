// UTF-8: whether a text is, and reading one a character at a time.
//
//   while (!text.empty()) {
//     const char32_t c = take_character(text);
//   }
#pragma once

#include <cstddef>
#include <string_view>

namespace ballast {

/// Takes one character off the front of `text`, which must not be empty. Surrogates pass as Python's
/// "surrogatepass" lets them; a byte that belongs to no character becomes U+DC80..U+DCFF, as under
/// "surrogateescape".
[[nodiscard]] char32_t take_character(std::string_view& text) noexcept;
/// How many characters there are: Python's len().
[[nodiscard]] std::size_t count_characters(std::string_view text) noexcept;
/// Whether all of it is well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, at most U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace ballast
