#include "tools/ballast/commands/check.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/command_line/parse_problem.h"
#include "tools/ballast/files/looked_at.h"
#include "tools/ballast/output/file_reports.h"
#include "tools/ballast/terminal/progress.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/core/json_writer.h"
#include "ballast/inspect/checkpoint_numbers.h"

namespace ballast::tool {
namespace {

using inspect::Finding;
using inspect::Problem;
using inspect::Severity;

constexpr int kFindings = 1, kUnreadable = 2;

constexpr const char* kFooter =
    R"(A line for each finding: its severity, the tensor, and what is odd about its numbers.
  error    the model cannot work like this: NaN, infinities, a negative variance
  warning  probably not as it was meant to be: dead rows, a scale far from any initialisation, copies, broken ties
  note     worth knowing; the model may be as it was meant to be

Examples:
  ballast check model.pth
  ballast check --quiet runs/*.pth || echo "not all of them are sound"
  ballast check model.pth --ignore duplicate --json | jq '.files[].findings'    (docs/check.md)

Numbers only: `ballast verify` looks for damage, and for code in the file. Exit status: 0 sound, or notes only; 1 errors or
warnings (with --strict, notes too); 2 a file cannot be read. Of several files, the highest.)";

const std::vector<std::string>& problem_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (int p = 0; p <= static_cast<int>(Problem::kCounter); ++p) {
      all.emplace_back(problem_name(static_cast<Problem>(p)));
    }
    return all;
  }();
  return names;
}

struct CheckOptions {
  std::vector<std::string> files, ignore;
  bool strict = false;
  CommonOptions common;
};

struct Checked {
  std::string file;
  std::string unreadable = {};  ///< why, or empty
  std::string summary = {};     ///< of a file that could be read
  std::vector<Finding> findings = {};
  int status = 0;
};

Checked check_file(const std::string& path, const CheckOptions& options) {
  Checked checked{.file = path};
  try {
    const LookedAt file = look_at(path, options.common.filter);
    Progress progress(std::filesystem::path(path).filename().string(),
                      !options.common.quiet && Progress::on_terminal());
    checked.findings = inspect::health(*file.checkpoint, file.listing,
                                       {.progress = progress.callback(), .release_pages = true});
    progress.finish();
    checked.summary = summary_of(file);
  } catch (const Error& e) {
    checked.unreadable = e.what();
    checked.status = kUnreadable;
    return checked;
  }
  std::erase_if(checked.findings, [&](const Finding& f) {
    return std::ranges::find(options.ignore, problem_name(f.problem)) != options.ignore.end();
  });
  const Severity least = options.strict ? Severity::kNote : Severity::kWarning;
  if (std::ranges::any_of(checked.findings, [&](const Finding& f) { return f.severity >= least; })) {
    checked.status = kFindings;
  }
  return checked;
}

Style style_of(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return Style::kAccent;
    case Severity::kWarning:
      return Style::kWarning;
    case Severity::kError:
      return Style::kBad;
  }
  return Style::kPlain;
}

void write_text(fmt::memory_buffer& out, const Checked& checked, const Paint& paint) {
  const std::string file = terminal_text(checked.file);
  for (const Finding& f : checked.findings) {
    std::string names = tensor_name_text(f.name);
    constexpr std::size_t kShown = 4;
    for (std::size_t i = 0; i < std::min(f.others.size(), kShown); ++i)
      names += ", " + terminal_text(f.others[i]);
    if (f.others.size() > kShown) names += fmt::format(" and {} more", f.others.size() - kShown);
    fmt::format_to(std::back_inserter(out), "{}: {}: {}: {}\n", file,
                   paint(style_of(f.severity), severity_name(f.severity)), names, terminal_text(f.reason));
  }
  const auto soundness = [&] { return paint(Style::kGood, "ok"); };
  if (checked.unreadable.empty() && checked.status == 0) {
    fmt::format_to(std::back_inserter(out), "{}: {}: {}\n", file, soundness(), checked.summary);
  }
}

void write_json(JsonWriter& json, const Checked& checked) {
  json.begin_object(JsonWriter::Layout::kLines);
  json.key("file"), json.string(checked.file);
  json.key("status"), json.number(checked.status);
  if (!checked.unreadable.empty()) json.key("unreadable"), json.string(checked.unreadable);
  json.key("findings"), json.begin_array(JsonWriter::Layout::kLines);
  for (const Finding& f : checked.findings) {
    json.begin_object();
    json.key("severity"), json.string(severity_name(f.severity));
    json.key("problem"), json.string(problem_name(f.problem));
    json.key("name"), json.string(f.name);
    json.key("others"), json.begin_array();
    for (const std::string& name : f.others) json.string(name);
    json.end_array();
    json.key("number"), json.real(f.number);
    json.key("reason"), json.string(f.reason);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

int run(const CheckOptions& options) {
  const Paint paint(standard_output_terminal(options.common.color).colors);
  FileReports reports(options.common);
  int highest = 0;
  for (const std::string& path : options.files) {
    const Checked checked = check_file(path, options);
    highest = std::max(highest, checked.status);
    reports.add([&](fmt::memory_buffer& out) { write_text(out, checked, paint); },
                [&](JsonWriter& json) { write_json(json, checked); });
    if (!checked.unreadable.empty()) reports.add_unreadable(checked.unreadable);
  }
  reports.finish();
  return highest;
}

}  // namespace

void add_check(CLI::App& app, int& status) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* check = app.add_subcommand(
      "check", "Look for what is wrong with the numbers: NaN, dead rows, odd scales, copies");
  check->add_option("FILE", options->files, "checkpoints, of any format that is read")
      ->required()
      ->type_name("");
  add_common_options(*check, options->common);
  check->add_flag("--strict", options->strict, "notes count as findings too")->disable_flag_override();
  takes(check->add_option("--ignore", options->ignore,
                          "leave out findings of this kind; may be given many times"),
        {ValueKind::kChoice, {problem_names().begin(), problem_names().end()}})
      ->type_name("PROBLEM")
      ->allow_extra_args(false)
      ->check([](const std::string& s) {
        const auto& all = problem_names();
        return std::ranges::find(all, s) != all.end() ? std::string()
                                                      : choice_problem(s, {all.begin(), all.end()});
      });
  check->footer(kFooter);
  check->callback([options, &status] { status = run(*options); });
}

}  // namespace ballast::tool
