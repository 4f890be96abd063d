#include "tools/ballast/command_line/command_line.h"

#include "tools/ballast/commands/check.h"
#include "tools/ballast/commands/complete_names.h"
#include "tools/ballast/commands/completion_command.h"
#include "tools/ballast/commands/convert.h"
#include "tools/ballast/commands/diff.h"
#include "tools/ballast/commands/hist.h"
#include "tools/ballast/commands/man_command.h"
#include "tools/ballast/commands/match.h"
#include "tools/ballast/commands/report.h"
#include "tools/ballast/commands/show.h"
#include "tools/ballast/commands/stats.h"
#include "tools/ballast/commands/verify.h"
#include "tools/ballast/version.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

namespace ballast::tool {

std::unique_ptr<CLI::App> command_line(int& status) {
  auto app = std::make_unique<CLI::App>(
      "Looks into files of trained networks, checks and converts them, without running anything in them.",
      "ballast");
  app->set_version_flag("--version", fmt::format("ballast {}", kVersion), "Print the version and exit");
  app->set_help_flag("-h,--help", "Print this help and exit");
  app->get_formatter()->column_width(24);
  app->footer(
      R"(Example:
  ballast show model.pth

`ballast COMMAND --help` says more about a command.
Exit status: 0; 1 where a command found what it was asked to look for; 2 with one line on standard error.)");
  // Behind a command, the name of another one is a file: ballast show stats.
  app->require_subcommand(0, 1);
  add_show(*app, status);
  add_stats(*app);
  add_check(*app, status);
  add_diff(*app, status);
  add_hist(*app);
  add_convert(*app);
  add_verify(*app, status);
  add_match(*app, status);
  add_report(*app);
  // These describe those above.
  add_completion(*app);
  add_man(*app);
  add_complete_names(*app);
  return app;
}

}  // namespace ballast::tool
