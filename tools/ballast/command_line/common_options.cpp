#include "tools/ballast/command_line/common_options.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <vector>

#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/command_line/parse_problem.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

namespace ballast::tool {
namespace {

CLI::Option* check_choice(CLI::Option* option, std::vector<std::string> choices) {
  option->type_name(fmt::format("{}", fmt::join(choices, "|")));
  takes(option, {ValueKind::kChoice, choices});
  return option->check([choices = std::move(choices)](const std::string& value) {
    if (std::ranges::find(choices, value) != choices.end()) return std::string();
    return choice_problem(value, {choices.begin(), choices.end()});
  });
}

}  // namespace

CLI::Option* add_json(CLI::App& command, CommonOptions& options, const std::string& help) {
  return command.add_flag("--json", options.json, help)->disable_flag_override();
}

CLI::Option* add_filter(CLI::App& command, CommonOptions& options, const std::string& help) {
  // Not bound to the optional itself: that takes an empty pattern for none.
  CLI::Option* filter = command.add_option_function<std::string>(
      "--filter", [&options](const std::string& pattern) { options.filter = pattern; }, help);
  return takes(filter, {ValueKind::kTensor})->type_name("GLOB");
}

CLI::Option* add_quiet(CLI::App& command, CommonOptions& options, const std::string& help) {
  return command.add_flag("--quiet", options.quiet, help)->disable_flag_override();
}

CLI::Option* add_color(CLI::App& command, CommonOptions& options) {
  CLI::Option* color = command.add_option_function<std::string>(
      "--color",
      [&options](const std::string& when) {
        options.color = when == "always"  ? ColorMode::kAlways
                        : when == "never" ? ColorMode::kNever
                                          : ColorMode::kAuto;
      },
      "when to use colours (default: auto, on a terminal, unless NO_COLOR is set)");
  return check_choice(color, {"auto", "always", "never"});
}

void add_common_options(CLI::App& command, CommonOptions& options) {
  add_json(command, options);
  add_filter(command, options);
  add_quiet(command, options);
  add_color(command, options);
}

CLI::Option* add_choice(CLI::App& command, const std::string& name, std::string& value,
                        std::vector<std::string> choices, const std::string& help) {
  return check_choice(command.add_option(name, value, help), std::move(choices));
}

std::function<std::string(const std::string&)> whole_number_up_to(std::uint64_t most) {
  return [most](const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool good = error == std::errc() && stop == end && number <= most;
    return good ? std::string() : fmt::format("'{}' is no number from 0 to {}", text, most);
  };
}

}  // namespace ballast::tool
