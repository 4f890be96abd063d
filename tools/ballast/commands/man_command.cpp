#include "tools/ballast/commands/man_command.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/command_line/parse_problem.h"
#include "tools/ballast/shell/man_page.h"
#include "tools/ballast/terminal/standard_output.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/core/error.h"

namespace ballast::tool {
namespace {

constexpr const char* kFooter =
    R"(Pages are in the language of man(7). An installed ballast has them where man looks for them: man ballast-show.

Examples:
  ballast man show | man -l -
  ballast man --into build/man1                       all of them, as files

Exit status: 0, or 2 with one line on standard error.)";

struct ManOptions {
  std::string command, into;
};

void write_pages(const CommandDescription& program, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw IoError("create it", folder.string(), error.value());
  const auto write = [&](const CommandDescription& command) {
    const std::string page = man_page(program, command);
    checkpoint::AtomicFile file(folder / man_page_name(program, command));
    file.write(page.data(), page.size());
    file.commit(false);
  };
  write(program);
  for (const CommandDescription& command : program.commands) write(command);
}

std::vector<std::string> names_of_commands(CLI::App& app) {
  std::vector<std::string> names;
  for (const CommandDescription& command : describe(app).commands) names.push_back(command.name);
  return names;
}

void run(CLI::App& app, const ManOptions& options) {
  const CommandDescription program = describe(app);
  if (!options.into.empty()) {
    write_pages(program, options.into);
    return;
  }
  const auto command = std::ranges::find(program.commands, options.command, &CommandDescription::name);
  write_to_standard_output(man_page(program, command == program.commands.end() ? program : *command));
}

}  // namespace

void add_man(CLI::App& app) {
  auto options = std::make_shared<ManOptions>();
  CLI::App* man = app.add_subcommand("man", "Print the manual page of a command");
  CLI::Option* command =
      man->add_option("COMMAND", options->command, "the command; without it, the page of ballast itself")
          ->type_name("");
  takes(command, {ValueKind::kChoice, names_of_commands(app)})->check([&app](const std::string& name) {
    const std::vector<std::string> names = names_of_commands(app);
    return std::ranges::find(names, name) != names.end() ? std::string()
                                                         : choice_problem(name, {names.begin(), names.end()});
  });
  takes(man->add_option("--into", options->into, "write all pages into this folder instead"),
        {ValueKind::kFile})
      ->type_name("FOLDER");
  man->footer(kFooter);
  man->callback([options, &app] { run(app, *options); });
}

}  // namespace ballast::tool
