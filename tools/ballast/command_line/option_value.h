// What may stand as the value of an option, kept with the option itself, for those who complete, describe or miss it.
//
//   takes(command.add_option("--to", ...), {ValueKind::kChoice, {"pth", "gguf"}});
//   value_of(*option).words
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace ballast::tool {

enum class ValueKind : std::uint8_t {
  kNothing,  ///< a flag
  kText,     ///< anything
  kFile,
  kChoice,  ///< one of some words
  kList,    ///< some of these words, with commas between them
  kTensor,  ///< the name of a tensor in one of the files that the command is given, or a pattern of such names
};

struct OptionValue {
  ValueKind kind = ValueKind::kText;
  std::vector<std::string> words = {};
};

/// Says what `option` takes. Checks nothing: words may be offered though others are right too.
CLI::Option* takes(CLI::Option* option, const OptionValue& value);

/// What `option` was said to take; if nothing was, an operand is a file, and other values are texts.
[[nodiscard]] OptionValue value_of(CLI::Option& option);

}  // namespace ballast::tool
