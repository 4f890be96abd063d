#include "tools/ballast/commands/match.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/name_rules.h"
#include "tools/ballast/command_line/unmatched_filter.h"
#include "tools/ballast/files/name_listing.h"
#include "tools/ballast/output/match_json.h"
#include "tools/ballast/terminal/standard_output.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/core/match/glob.h"
#include "ballast/core/match/match.h"

namespace ballast::tool {
namespace {

constexpr const char* kFooter =
    R"(Both are checkpoints, or listings that ballast show --json has printed. Names of CHECKPOINT change in this
order: those that GLOB does not describe are left out, --strip-prefix goes, --add-prefix comes, then each
--rename. FROM is the beginning of a name; between slashes it is a regular expression, in TO $1 is its first
group.

Examples:
  ballast match resnet.pth mine.pth
  ballast match ddp.pth mine.pth --strip-prefix module.
  ballast match old.pth mine.pth --rename encoder.=trunk. --rename '/layer(\d+)\./=blocks.$1.'
  ballast match resnet.pth mine.pth --filter 'layer*' --json | jq .cures      for programs (docs/loading.md)

Nothing in the files is ever executed. Exit status: 0 fits wholly, 1 does not, 2 with one line on standard error.)";

struct MatchOptions {
  std::string checkpoint, model, strip_prefix, add_prefix;
  std::vector<std::string> renames;
  CommonOptions common;
};

/// A filter that leaves out every name may have been meant to be another one.
void tell_what_is_near(const std::string& filter, const std::string& path, const NamedShapes& file) {
  std::vector<std::string_view> names;
  for (const NamedShape& n : file) names.emplace_back(n.name);
  if (std::ranges::any_of(names, [&](std::string_view name) { return glob_matches(filter, name); })) return;
  const std::string hint = unmatched_filter_hint(filter, names);
  if (hint.empty()) return;
  std::fputs(terminal_text(fmt::format("ballast: {}: no name matches {}{}", path, filter, hint))
                 .append("\n")
                 .c_str(),
             stderr);
}

void run(const MatchOptions& options, int& status) {
  MatchRules rules{.strip_prefix = options.strip_prefix, .add_prefix = options.add_prefix};
  rules.filter = options.common.filter;
  for (const std::string& text : options.renames) rules.rename.push_back(*rename_of(text));

  const NamedShapes file = read_names(options.checkpoint);
  const NamedShapes model = read_names(options.model);
  const MatchReport report = match(file, model, rules);
  if (rules.filter && !options.common.quiet) tell_what_is_near(*rules.filter, options.checkpoint, file);
  status = report.fits() ? 0 : 1;
  if (options.common.quiet) return;
  fmt::memory_buffer out;
  if (options.common.json) {
    write_match_json(out, options.checkpoint, options.model, report);
  } else {
    fmt::format_to(std::back_inserter(out), "{} into {}\n{}", terminal_text(options.checkpoint),
                   terminal_text(options.model), match_text(report, MatchReader::kCommandLine));
  }
  write_to_standard_output({out.data(), out.size()});
}

}  // namespace

void add_match(CLI::App& app, int& status) {
  auto options = std::make_shared<MatchOptions>();
  CLI::App* match =
      app.add_subcommand("match", "Show how a checkpoint would load into a model, and what would help");
  match->add_option("CHECKPOINT", options->checkpoint, "the checkpoint to load, or a listing of it")
      ->required()
      ->type_name("");
  match
      ->add_option("MODEL", options->model,
                   "what it would load into: a checkpoint of the model, or a listing of its names and shapes")
      ->required()
      ->type_name("");
  match
      ->add_option("--strip-prefix", options->strip_prefix,
                   "taken from names of CHECKPOINT that begin with it")
      ->type_name("P");
  match->add_option("--add-prefix", options->add_prefix, "put before every name of CHECKPOINT")
      ->type_name("P");
  match->add_option("--rename", options->renames, "replaced in names of CHECKPOINT; may be given many times")
      ->type_name("FROM=TO")
      ->allow_extra_args(false)
      ->check(rename_problem);
  add_filter(*match, options->common, "only names of CHECKPOINT that match as a whole take part");
  add_json(*match, options->common);
  add_quiet(*match, options->common);
  match->footer(kFooter);
  match->callback([options, &status] { run(*options, status); });
}

}  // namespace ballast::tool
