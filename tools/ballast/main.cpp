// The ballast command: parses, calls the library, prints. One file per subcommand.
//
// Exit status 0, or 2 with one line on standard error that says what was wrong.
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "tools/ballast/nearest.h"
#include "tools/ballast/show.h"
#include "tools/ballast/standard_output.h"
#include "tools/ballast/terminal_text.h"
#include "tools/ballast/version.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <unistd.h>

namespace {

using namespace ballast::tool;

constexpr int kFailure = 2;

int fail(std::string_view message) {
  fmt::print(stderr, "ballast: {}\n", terminal_text(message));
  return kFailure;
}

/// What is wrong with the first word, where a subcommand should stand; empty if nothing is.
std::string command_problem(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) return "a command is missing, such as: ballast show model.pth (ballast --help lists them)";
  const std::string_view word = argv[1];
  if (word.starts_with('-')) return {};
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::ranges::find(names, word) != names.end()) return {};
  if (const auto meant = nearest(word, {names.begin(), names.end()})) {
    return fmt::format("'{}' is no command; did you mean '{}'?", word, *meant);
  }
  if (::access(argv[1], F_OK) == 0)
    return fmt::format("'{}' is no command; to see the file: ballast show {}", word, word);
  return fmt::format("'{}' is no command (ballast --help lists them)", word);
}

int run(int argc, char** argv) {
  CLI::App app("Looks into files of trained networks, without running anything in them.", "ballast");
  app.set_version_flag("--version", fmt::format("ballast {}", kVersion), "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.get_formatter()->column_width(24);
  app.footer("Example:\n  ballast show model.pth\n\n`ballast COMMAND --help` says more about a command.");
  add_show(app);

  if (const std::string problem = command_problem(app, argc, argv); !problem.empty()) return fail(problem);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& e) {
    write_to_standard_output(fmt::format("{}\n", e.what()));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    write_to_standard_output((chosen.empty() ? app : *chosen.front()).help());
  } catch (const CLI::ParseError& e) {
    return fail(fmt::format("{} (--help shows how it is meant)", e.what()));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that leaves early is found out by write(), not by a signal.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const ClosedPipe&) {
    return 0;
  } catch (const std::bad_alloc&) {
    return fail("not enough memory");
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}
