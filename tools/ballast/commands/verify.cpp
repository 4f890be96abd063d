#include "tools/ballast/commands/verify.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/output/file_reports.h"
#include "tools/ballast/terminal/progress.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/checkpoint/verify.h"
#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/core/json_writer.h"

namespace ballast::tool {
namespace {

using checkpoint::Finding;
using checkpoint::Severity;
using checkpoint::VerifyReport;

constexpr int kFindings = 1, kUnreadable = 2;

constexpr const char* kFooter =
    R"(A line for each finding: its severity, where it is, what stands there, and why that matters.
  danger   code would run in a program that unpickles the file (torch.load with weights_only=False)
  damage   a checksum, a length, the structure: broken, cut short, or made to be read in several ways
  note     a class of some package would be imported, to make an object of it

Examples:
  ballast verify model.pth
  ballast verify --quiet downloads/*.pth || echo "not all of them are clean"
  ballast verify model.pth --json | jq '.files[].findings'    (docs/verify.md)

Nothing in the file is ever executed. Exit status: 0 clean, or notes only; 1 danger or damage (with --strict, notes too);
2 a file is no checkpoint, or cannot be read. Of several files, the highest.)";

struct VerifyOptions {
  std::vector<std::string> files;
  bool strict = false;
  CommonOptions common;
};

std::string place_text(const Finding& f) {
  std::string text = f.member.empty() ? "" : f.member + ": ";
  if (f.byte) text += fmt::format("byte {}: ", *f.byte);
  return text;
}

/// What was looked at, where there is nothing to say against it.
std::string clean_text(const VerifyReport& report) {
  std::string text =
      report.format + ", " + with_commas(report.tensors) + (report.tensors == 1 ? " tensor" : " tensors");
  if (report.pickles > 0) {
    text += fmt::format(", {} name{} in {} pickle{}", with_commas(report.names), report.names == 1 ? "" : "s",
                        with_commas(report.pickles), report.pickles == 1 ? "" : "s");
  }
  return text;
}

void write_text(fmt::memory_buffer& out, const std::string& file, const VerifyReport& report,
                const Paint& paint) {
  const auto line = [&](const std::string& text, std::string_view mark = {}, Style style = Style::kPlain) {
    fmt::format_to(std::back_inserter(out), "{}: {}{}\n", terminal_text(file), paint(style, mark),
                   terminal_text(text));
  };
  for (const Finding& f : report.findings) {
    line(fmt::format(": {}{}{}{}", place_text(f), f.what, f.what.empty() ? "" : ": ", f.why),
         severity_name(f.severity), f.severity == Severity::kNote ? Style::kWarning : Style::kBad);
  }
  if (report.left_out > 0) line(fmt::format("{} more findings", with_commas(report.left_out)));
  if (report.clean()) line(": " + clean_text(report), "ok", Style::kGood);
}

void write_json(JsonWriter& json, const std::string& file, const VerifyReport& report, int status) {
  json.begin_object(JsonWriter::Layout::kLines);
  json.key("file"), json.string(file);
  json.key("status"), json.number(status);
  json.key("format"), report.format.empty() ? json.null() : json.string(report.format);
  json.key("tensors"), json.number(report.tensors);
  json.key("pickles"), json.number(report.pickles);
  json.key("names"), json.number(report.names);
  if (!report.unreadable.empty()) json.key("unreadable"), json.string(report.unreadable);
  json.key("findings"), json.begin_array(JsonWriter::Layout::kLines);
  for (const Finding& f : report.findings) {
    json.begin_object();
    json.key("severity"), json.string(severity_name(f.severity));
    json.key("member"), f.member.empty() ? json.null() : json.string(f.member);
    json.key("byte"), f.byte ? json.number(*f.byte) : json.null();
    json.key("what"), f.what.empty() ? json.null() : json.string(f.what);
    json.key("why"), json.string(f.why);
    json.end_object();
  }
  json.end_array();
  if (report.left_out > 0) json.key("findings_left_out"), json.number(report.left_out);
  json.end_object();
}

VerifyReport report_of(const std::string& file, bool shows_progress) {
  Progress progress(std::filesystem::path(file).filename().string(), shows_progress);
  try {
    return checkpoint::verify(file, {.progress = progress.callback()});
  } catch (const IoError& e) {
    VerifyReport report;
    report.unreadable = e.what();
    return report;
  } catch (const FormatError& e) {  // a pipe, a device
    VerifyReport report;
    report.unreadable = e.what();
    return report;
  }
}

int status_of(const VerifyReport& report, bool strict) {
  if (report.has(strict ? Severity::kNote : Severity::kDamage)) return kFindings;
  return report.unreadable.empty() ? 0 : kUnreadable;
}

int run(const VerifyOptions& options) {
  const Paint paint(standard_output_terminal(options.common.color).colors);
  FileReports reports(options.common);
  int highest = 0;
  for (const std::string& file : options.files) {
    const VerifyReport report = report_of(file, !options.common.quiet && Progress::on_terminal());
    const int status = status_of(report, options.strict);
    highest = std::max(highest, status);
    reports.add([&](fmt::memory_buffer& out) { write_text(out, file, report, paint); },
                [&](JsonWriter& json) { write_json(json, file, report, status); });
    if (!report.unreadable.empty()) reports.add_unreadable(report.unreadable);
  }
  reports.finish();
  return highest;
}

}  // namespace

void add_verify(CLI::App& app, int& status) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* verify = app.add_subcommand(
      "verify", "Look for damage, and for code that a checkpoint would run in an unpickler");
  verify->add_option("FILE", options->files, "checkpoints, of any format that is read, or folders")
      ->required()
      ->type_name("");
  add_json(*verify, options->common);
  add_quiet(*verify, options->common);
  add_color(*verify, options->common);
  verify->add_flag("--strict", options->strict, "notes count as findings too")->disable_flag_override();
  verify->footer(kFooter);
  verify->callback([options, &status] { status = run(*options); });
}

}  // namespace ballast::tool
