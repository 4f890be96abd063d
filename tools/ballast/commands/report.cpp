#include "tools/ballast/commands/report.h"

#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/files/looked_at.h"
#include "tools/ballast/files/sha256.h"
#include "tools/ballast/terminal/progress.h"
#include "tools/ballast/terminal/standard_output.h"
#include "tools/ballast/terminal/terminal_text.h"
#include "tools/ballast/version.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/checkpoint/bytes/atomic_file.h"
#include "ballast/checkpoint/bytes/input_file.h"
#include "ballast/checkpoint/bytes/storage_source.h"
#include "ballast/checkpoint/load.h"
#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/inspect/report/report.h"

namespace ballast::tool {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;
using inspect::FileHash;

constexpr const char* kFooter =
    R"(The page is one file that needs no network: findings, where the parameters are, the module tree, and of each tensor a
histogram, a heat map and statistics. With OTHER, what changed from FILE to OTHER as well.

Examples:
  ballast report model.pth -o model.html
  ballast report epoch1.pth epoch9.pth -o training.html --filter 'model_state_dict.*'
  ballast report model.safetensors -o - > model.html                                    (docs/report.md)

Nothing in a file is ever executed, by the command or by the page. Exit status: 0, or 2 with one line on standard error.)";

struct ReportOptions {
  std::string file, other, out, title;
  CommonOptions common;
};

/// The files that a checkpoint is read from.
std::set<std::string> files_of(const Checkpoint& checkpoint) {
  std::set<std::string> files{checkpoint.file().string()};
  for (const auto& storage : checkpoint.storages()) {
    if (storage.source && storage.source->file) files.insert(storage.source->file->name());
  }
  std::error_code unknown;
  // A folder of torch.distributed, whose storages are put together from pieces of several files.
  for (const auto& entry : fs::directory_iterator(checkpoint.file(), unknown)) {
    if (entry.path().filename() == ".metadata" || entry.path().extension() == ".distcp")
      files.insert(entry.path().string());
  }
  std::erase_if(files, [&](const std::string& file) { return !fs::is_regular_file(file, unknown); });
  return files;
}

std::vector<FileHash> hashes_of(const std::set<std::string>& files) {
  std::vector<FileHash> hashes;
  hashes.reserve(files.size());
  for (const std::string& file : files)
    hashes.push_back({file, static_cast<std::uint64_t>(fs::file_size(file)), file_sha256(file)});
  return hashes;
}

/// Begins to hash at once; waits when it is asked for the result.
class Hashing {
 public:
  explicit Hashing(const Checkpoint& checkpoint)
      : result_(std::async(std::launch::async, hashes_of, files_of(checkpoint)).share()) {}
  [[nodiscard]] std::function<std::vector<FileHash>()> callback() const {
    return [result = result_] { return result.get(); };
  }

 private:
  std::shared_future<std::vector<FileHash>> result_;
};

class Reporter {
 public:
  explicit Reporter(const ReportOptions& options) : options_(options), to_output_(options.out == "-") {}

  void run() {
    check<ValueError>(!options_.out.empty(), "-o is missing: ballast report {} -o report.html",
                      options_.file);
    check_out(options_.file);
    if (!options_.other.empty()) check_out(options_.other);
    const LookedAt file = look_at(options_.file, options_.common.filter);
    check_inputs(*file.checkpoint);
    Progress progress("looking", shown());
    inspect::ReportOptions report{.title = options_.title,
                                  .filter = options_.common.filter,
                                  .made_by = fmt::format("ballast {}", kVersion),
                                  .progress = progress.callback(),
                                  .release_pages = true};
    const Hashing hashing(*file.checkpoint);
    report.hashes = hashing.callback();
    std::string page;
    if (options_.other.empty()) {
      page = inspect::html_report(*file.checkpoint, report);
    } else {
      const LookedAt other = look_at(options_.other, options_.common.filter);
      check_inputs(*other.checkpoint);
      const Hashing other_hashing(*other.checkpoint);
      report.other_hashes = other_hashing.callback();
      page = inspect::html_report(*file.checkpoint, *other.checkpoint, report);
    }
    progress.finish();
    write(page);
  }

 private:
  [[nodiscard]] bool shown() const { return !options_.common.quiet && Progress::on_terminal(); }

  /// The page must not take the place of what it shows.
  void check_out(const std::string& input) const {
    std::error_code unknown;
    if (to_output_) return;
    check<ValueError>(!fs::equivalent(input, options_.out, unknown),
                      "{}: this is a file that is to be shown; -o should be another, such as report.html",
                      options_.out);
    check<ValueError>(!fs::is_directory(options_.out, unknown),
                      "{}: this is a folder; -o should be a file, such as report.html", options_.out);
  }
  void check_inputs(const Checkpoint& checkpoint) const {
    for (const std::string& file : files_of(checkpoint)) check_out(file);
  }

  void write(const std::string& page) const {
    if (to_output_) return write_to_standard_output(page);
    checkpoint::AtomicFile file(options_.out);
    file.reserve(page.size());
    file.write(page.data(), page.size());
    file.commit(false);
    if (!options_.common.quiet)
      write_to_standard_output(fmt::format("{}: {}\n", terminal_text(options_.out), byte_size(page.size())));
  }

  const ReportOptions& options_;
  bool to_output_;
};

}  // namespace

void add_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* report = app.add_subcommand(
      "report", "Make a page that shows what is in a checkpoint, or what changed between two");
  report->add_option("FILE", options->file, "a checkpoint of any format that is read, or a folder")
      ->required()
      ->type_name("");
  report->add_option("OTHER", options->other, "a later one: what changed is shown too")->type_name("");
  takes(report->add_option("-o,--output", options->out, "the page; - for standard output"),
        {ValueKind::kFile})
      ->type_name("PAGE.html");
  add_filter(*report, options->common);
  report->add_option("--title", options->title, "of the page (default: the name of the file)")
      ->type_name("TEXT");
  add_quiet(*report, options->common, "say nothing, and show no progress");
  report->footer(kFooter);
  report->callback([options] { Reporter(*options).run(); });
}

}  // namespace ballast::tool
