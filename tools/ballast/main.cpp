// The ballast command: parses, calls the library, prints. One file per subcommand.
//
// Exit status 0; 1 where a command found what it was asked to look for (a checkpoint that does not fit, a file that would run
// something); 2 with one line on standard error that says what was wrong.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tools/ballast/command_line/command_line.h"
#include "tools/ballast/command_line/parse_problem.h"
#include "tools/ballast/terminal/standard_output.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <malloc.h>

#include "ballast/core/lost_pages.h"

namespace {

using namespace ballast::tool;

constexpr int kFailure = 2;

int fail(std::string_view message) {
  // Not fmt::print, which throws where standard error is full or closed.
  std::fputs(fmt::format("ballast: {}\n", terminal_text(message)).c_str(), stderr);
  return kFailure;
}

int run(int argc, char** argv) {
  int status = 0;
  const ballast::LostPageCheck pages;
  const std::unique_ptr<CLI::App> program = command_line(status);
  CLI::App& app = *program;
  if (const std::string problem = command_problem(app, {argv + std::min(argc, 1), argv + argc});
      !problem.empty())
    return fail(problem);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& e) {
    write_to_standard_output(fmt::format("{}\n", e.what()));
  } catch (const CLI::CallForHelp&) {
    write_to_standard_output(app.help());
  } catch (const CLI::ParseError& e) {
    return fail(parse_problem(app, e));
  }
  pages.check();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that leaves early is found out by write(), not by a signal.
  std::signal(SIGPIPE, SIG_IGN);
  ballast::catch_lost_pages();
#ifdef M_MMAP_THRESHOLD
  // Large blocks come from the heap and stay in it: given back to the system, each next one would be filled with zeros anew.
  constexpr int kLarge = 32 << 20;  // the most that glibc takes
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, kLarge);
#endif
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
