// Text from files, made fit for a terminal: names in a checkpoint may hold anything, also what moves the cursor, changes
// colours or hides other text.
//
//   terminal_text("evil\x1b[2J")   "evil\\x1b[2J"
#pragma once

#include <string>
#include <string_view>

namespace ballast::tool {

/// `utf8` with every character that does not print (controls, line ends, bidirectional marks, bytes that are no UTF-8) as
/// an escape, as Python writes them. Quotes and backslashes stay as they are.
[[nodiscard]] std::string terminal_text(std::string_view utf8);

/// A tensor's name, made fit; words for the one that has none, the tensor that is a file by itself.
[[nodiscard]] std::string tensor_name_text(std::string_view name);

/// The number of characters of `utf8`, which is about the number of columns it takes.
[[nodiscard]] std::size_t terminal_width(std::string_view utf8) noexcept;

/// `utf8` with its middle replaced by "…" where it is wider than `width` (3 at least): "encoder.lay…0.weight".
[[nodiscard]] std::string shortened(std::string_view utf8, std::size_t width);

}  // namespace ballast::tool
