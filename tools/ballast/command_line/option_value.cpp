#include "tools/ballast/command_line/option_value.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace ballast::tool {
namespace {

// CLI11's options have no place for what a program wants to remember of them but the names of their validators, which nothing
// shows: a validator that lets everything pass bears the kind and the words.
constexpr std::string_view kMark = "takes ";

constexpr std::string_view kNames[] = {"nothing", "text", "file", "choice", "list", "tensor"};

OptionValue read(std::string_view name) {
  OptionValue value;
  const auto word = [&] {
    const std::size_t space = std::min(name.find(' '), name.size());
    const std::string_view first = name.substr(0, space);
    name.remove_prefix(std::min(space + 1, name.size()));
    return first;
  };
  const std::string_view kind = word();
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == kind) value.kind = static_cast<ValueKind>(i);
  }
  while (!name.empty()) value.words.emplace_back(word());
  return value;
}

}  // namespace

CLI::Option* takes(CLI::Option* option, const OptionValue& value) {
  std::string name = fmt::format("{}{}", kMark, kNames[static_cast<std::size_t>(value.kind)]);
  for (const std::string& word : value.words) name += " " + word;
  return option->check([](const std::string&) { return std::string(); }, "", name);
}

OptionValue value_of(CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {ValueKind::kNothing};
  try {
    for (int i = 0;; ++i) {
      const std::string& name = option.get_validator(i)->get_name();
      if (name.starts_with(kMark)) return read(std::string_view(name).substr(kMark.size()));
    }
  } catch (const CLI::OptionNotFound&) {  // behind the last validator
    return {option.get_positional() ? ValueKind::kFile : ValueKind::kText};
  }
}

}  // namespace ballast::tool
