#include "tools/ballast/commands/diff.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/name_rules.h"
#include "tools/ballast/files/looked_at.h"
#include "tools/ballast/output/diff_output.h"
#include "tools/ballast/terminal/progress.h"
#include "tools/ballast/terminal/standard_output.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/core/match/name_rules.h"
#include "ballast/inspect/checkpoint_numbers.h"

namespace ballast::tool {
namespace {

constexpr const char* kFooter =
    R"(Tensors of one name are compared value by value: how many changed, by how much at most, and how large the change is
beside the tensor (the norm of the difference by that of A's tensor). Names that are missing on one side are looked for
on the other by their content. Names of A can be changed first: --strip-prefix goes, then each --rename.

Values are the same if they are equal (NaN to NaN with --equal-nan), or with --rtol or --atol, if |a - b| <= atol + rtol |b|.

Examples:
  ballast diff epoch1.pth epoch2.pth
  ballast diff model.pth model.safetensors && echo "the same numbers"
  ballast diff fp32.pth fp16.pth --rtol 1e-3 --ignore-types
  ballast diff ddp.pth model.pth --strip-prefix module. --json | jq '.layers[:3]'     (docs/diff.md)

Exit status: 0 the same names, shapes, types and values; 1 different; 2 with one line on standard error.)";

struct DiffOptions {
  std::string a, b, strip_prefix;
  std::vector<std::string> renames;
  double rtol = 0, atol = 0;
  bool equal_nan = false, all = false;
  DiffOutput output;
  CommonOptions common;
};

/// Tensors of a file under the names that rules make of theirs.
struct Renamed {
  std::vector<checkpoint::NamedTensor> tensors;
  inspect::TensorListing listing;
};

Renamed renamed_rows(const inspect::TensorListing& listing, const NameRules& rules) {
  Renamed out;
  out.tensors.reserve(listing.rows.size());
  out.listing = listing;
  for (inspect::TensorRow& row : out.listing.rows) {
    checkpoint::NamedTensor tensor = *row.tensor;
    if (auto name = rules.apply(tensor.name)) tensor.name = *std::move(name);
    out.tensors.push_back(std::move(tensor));
    row.tensor = &out.tensors.back();
  }
  return out;
}

int run(const DiffOptions& options) {
  const LookedAt a = look_at(options.a, options.common.filter);
  const LookedAt b = look_at(options.b, options.common.filter);
  MatchRules rules{.strip_prefix = options.strip_prefix};
  for (const std::string& text : options.renames) rules.rename.push_back(*rename_of(text));
  const Renamed of_a = renamed_rows(a.listing, NameRules(rules));

  Progress progress(fmt::format("{} {}", std::filesystem::path(options.a).filename().string(),
                                std::filesystem::path(options.b).filename().string()),
                    !options.common.quiet && Progress::on_terminal());
  const inspect::Comparison comparison = inspect::compare(of_a.listing, b.listing,
                                                          {.rtol = options.rtol,
                                                           .atol = options.atol,
                                                           .equal_nan = options.equal_nan,
                                                           .progress = progress.callback(),
                                                           .release_pages = true});
  progress.finish();
  const bool same = comparison.is_close() && (options.output.ignore_types || comparison.retyped.empty());
  if (options.common.quiet) return same ? 0 : 1;

  DiffOutput output = options.output;
  output.tolerant = options.rtol > 0 || options.atol > 0;
  if (options.all) output.shown = ~std::size_t{0};
  fmt::memory_buffer out;
  if (options.common.json) {
    write_diff_json(out, a, b, comparison, same, output);
  } else {
    write_diff_text(out, a, b, comparison, output,
                    Paint(standard_output_terminal(options.common.color).colors));
  }
  write_to_standard_output({out.data(), out.size()});
  return same ? 0 : 1;
}

std::string tolerance_problem(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool good = !text.empty() && *end == '\0' && value >= 0 && std::isfinite(value);
  return good ? std::string() : fmt::format("'{}' is no tolerance: a number of 0 or more", text);
}

}  // namespace

void add_diff(CLI::App& app, int& status) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* diff = app.add_subcommand("diff", "Show what changed from one checkpoint to another");
  diff->add_option("A", options->a, "a checkpoint, of any format that is read")->required()->type_name("");
  diff->add_option("B", options->b, "the one to compare it with")->required()->type_name("");
  add_common_options(*diff, options->common);
  diff->add_option("--rtol", options->rtol, "relative tolerance, of B's values (default: 0)")
      ->type_name("R")
      ->check(tolerance_problem);
  diff->add_option("--atol", options->atol, "absolute tolerance (default: 0)")
      ->type_name("A")
      ->check(tolerance_problem);
  diff->add_flag("--equal-nan", options->equal_nan, "NaN equals NaN")->disable_flag_override();
  diff->add_flag("--ignore-types", options->output.ignore_types,
                 "the same numbers in another type are the same")
      ->disable_flag_override();
  diff->add_option("--strip-prefix", options->strip_prefix, "taken from names of A that begin with it")
      ->type_name("P");
  diff->add_option("--rename", options->renames,
                   "replaced in names of A, as in ballast match; may be given many times")
      ->type_name("FROM=TO")
      ->allow_extra_args(false)
      ->check(rename_problem);
  diff->add_option_function<std::size_t>(
          "--depth", [options](std::size_t depth) { options->output.depth = depth; },
          "join layers whose names agree in their first N parts")
      ->type_name("N")
      ->check(whole_number_up_to(999'999'999));
  diff->add_option("--limit", options->output.shown,
                   "show at most N tensors and N layers (default: 20; text only)")
      ->type_name("N")
      ->check(whole_number_up_to(999'999'999));
  diff->add_flag("--all", options->all, "show all of them")->disable_flag_override();
  diff->footer(kFooter);
  diff->callback([options, &status] { status = run(*options); });
}

}  // namespace ballast::tool
