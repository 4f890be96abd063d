// The pieces of a module tree's text, for containers that print in their own way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ballast::nn {

class Module;

/// `text` with two spaces before each line but the first; blank lines become empty.
[[nodiscard]] std::string indent_following_lines(std::string_view text);
/// The text of each direct child, "None" for an absent one.
[[nodiscard]] std::vector<std::string> child_texts(const Module& module);
/// `name(`, the lines indented by two spaces, `)`.
[[nodiscard]] std::string block_text(const std::string& name, const std::vector<std::string>& lines);

}  // namespace ballast::nn
