#include "tools/ballast/command_line/parse_problem.h"

#include <algorithm>
#include <iterator>

#include "tools/ballast/command_line/nearest.h"
#include "tools/ballast/command_line/option_value.h"
#include <fmt/format.h>
#include <unistd.h>

namespace ballast::tool {
namespace {

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& words) {
  const auto meant = nearest(typed, {words.begin(), words.end()});
  return meant ? fmt::format("; did you mean {}?", *meant) : "";
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* o : app.get_options()) {
    if (!o->get_lnames().empty()) names.push_back("--" + o->get_lnames().front());
  }
  return names;
}

/// What a command works on: its files, and what else is given without a name.
std::vector<CLI::Option*> operands_of(CLI::App& app) {
  return app.get_options([](CLI::Option* o) { return o->get_positional(); });
}

/// "FILE...", "CHECKPOINT MODEL".
std::string operand_names(CLI::App& app) {
  std::string names;
  for (CLI::Option* o : operands_of(app)) {
    names += (names.empty() ? "" : " ") + o->get_name(true);
    if (o->get_items_expected_max() > 1) names += "...";
  }
  return names;
}

std::string how_many_operands(CLI::App& command) {
  constexpr std::string_view kWords[] = {"no", "one", "two", "three"};
  const std::vector<CLI::Option*> operands = operands_of(command);
  const std::size_t n = operands.size();
  const bool files =
      std::ranges::all_of(operands, [](CLI::Option* o) { return value_of(*o).kind == ValueKind::kFile; });
  return fmt::format("{} {}{}", n < std::size(kWords) ? kWords[n] : std::string_view("more"),
                     files ? "file" : "argument", n == 1 ? "" : "s");
}

std::string missing(CLI::App& command) {
  std::string what = "a file";
  for (CLI::Option* o : operands_of(command)) {
    if (o->count() > 0 || !o->get_required()) continue;
    if (value_of(*o).kind != ValueKind::kFile) what = o->get_name(true);
    break;
  }
  return fmt::format("{} is missing: ballast {} {}", what, command.get_name(), operand_names(command));
}

CLI::App& chosen(CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? app : *commands.front();
}

template <class E>
bool is(const CLI::ParseError& error) {
  return dynamic_cast<const E*>(&error) != nullptr;
}

std::string unexpected(CLI::App& app, const std::string& word) {
  CLI::App& command = chosen(app);
  const std::string name = word.substr(0, word.find('='));
  const std::vector<std::string> options = options_of(command);
  // Behind "--" an option is a file.
  if (!word.starts_with('-') || std::ranges::find(options, name) != options.end()) {
    return fmt::format("'{}' is one argument too many: {} takes {}", word, command.get_name(),
                       how_many_operands(command));
  }
  const std::string guess = did_you_mean(name, options);
  return fmt::format("{} is no option of {}{}", name, command.get_name(),
                     guess.empty() ? fmt::format(" (it has {})", fmt::join(options, ", ")) : guess);
}

}  // namespace

std::string command_problem(const CLI::App& app, const std::vector<std::string_view>& words) {
  if (words.empty())
    return "a command is missing, such as: ballast show model.pth (ballast --help lists them)";
  const std::string word(words.front());
  if (word.starts_with('-')) return {};
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_group().empty() && command->get_name() != word) continue;  // hidden
    names.push_back(command->get_name());
  }
  if (std::ranges::find(names, word) != names.end()) return {};
  if (::access(word.c_str(), F_OK) == 0)
    return fmt::format("'{}' is no command; to see the file: ballast show {}", word, word);
  for (const std::string& option : options_of(app)) names.push_back(option);
  const std::string guess = did_you_mean(word, names);
  return fmt::format("'{}' is no command{}", word, guess.empty() ? " (ballast --help lists them)" : guess);
}

std::string parse_problem(CLI::App& app, const CLI::ParseError& error) {
  const bool incomplete = is<CLI::RequiredError>(error);
  if (incomplete || is<CLI::ExtrasError>(error)) {
    if (const auto left = app.remaining(true); !left.empty()) return unexpected(app, left.front());
  }
  if (incomplete) return missing(chosen(app));
  const std::string_view what = error.what();
  if (is<CLI::ArgumentMismatch>(error)) {
    if (what.ends_with("flag override"))
      return fmt::format("--{} takes no value", what.substr(0, what.find(' ')));
    return fmt::format("{} {}", what.substr(0, what.find(':')),
                       what.ends_with("missing") ? "needs a value" : "is given more than once");
  }
  return std::string(what);
}

std::string choice_problem(std::string_view value, const std::vector<std::string_view>& choices) {
  const std::vector<std::string> words(choices.begin(), choices.end());
  return fmt::format("'{}' is none of {}{}", value, fmt::join(words, ", "), did_you_mean(value, words));
}

}  // namespace ballast::tool
