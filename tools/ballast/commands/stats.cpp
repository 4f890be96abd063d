#include "tools/ballast/commands/stats.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/parse_problem.h"
#include "tools/ballast/files/looked_at.h"
#include "tools/ballast/output/file_reports.h"
#include "tools/ballast/output/statistics_json.h"
#include "tools/ballast/terminal/progress.h"
#include "tools/ballast/terminal/sparkline.h"
#include "tools/ballast/terminal/table.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/core/figures.h"
#include "ballast/core/shape.h"
#include "ballast/inspect/checkpoint_numbers.h"

namespace ballast::tool {
namespace {

using inspect::Statistics;
using inspect::TensorRow;

constexpr const char* kFooter =
    R"(Of each tensor, over the values that are neither NaN nor infinite: mean, standard deviation (divisor n - 1), smallest
and largest, L2 norm, and how many are zero. Quantised tensors count as the numbers they stand for, sparse ones by what
is stored, complex ones by their parts.

Examples:
  ballast stats model.pth
  ballast stats model.pth --filter '*.weight' --sort std --quantiles 0.01,0.5,0.99
  ballast stats model.pth --bins 32                   a small histogram behind each row
  ballast stats model.pth --json --channels 0 | jq '.files[0].tensors[0].channels.l2'     (docs/stats.md)

Reads the tensors once, in pieces: a file need not fit into memory. Exit status: 0, or 2 with one line on standard error.)";

/// What rows can be sorted by, and put first where it is large.
struct Figure {
  const char* name;
  double (*of)(const Statistics& s);
};
constexpr Figure kFigures[] = {
    {"mean", [](const Statistics& s) { return std::fabs(s.mean); }},
    {"std", [](const Statistics& s) { return s.std; }},
    {"min", [](const Statistics& s) { return -s.min; }},
    {"max", [](const Statistics& s) { return s.max; }},
    {"l2", [](const Statistics& s) { return s.l2; }},
    {"zeros", [](const Statistics& s) { return static_cast<double>(s.zeros); }},
    {"nan", [](const Statistics& s) { return static_cast<double>(s.nans); }},
    {"inf", [](const Statistics& s) { return static_cast<double>(s.plus_infinities + s.minus_infinities); }},
};

std::vector<std::string> orders() {
  std::vector<std::string> names{"file", "name", "size"};
  for (const Figure& f : kFigures) names.emplace_back(f.name);
  return names;
}

struct StatsOptions {
  std::vector<std::string> files;
  std::string sort = "file";
  std::vector<double> quantiles;
  std::int64_t bins = 0;
  std::optional<std::int64_t> channels;
  bool spectrum = false;
  CommonOptions common;
};

/// Positions of rows in the order in which they are shown.
std::vector<std::size_t> order_of(const LookedAt& file, const std::vector<Statistics>& all,
                                  const std::string& sort) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto& rows = file.listing.rows;
  if (sort == "name") {
    std::ranges::stable_sort(order, {},
                             [&](std::size_t i) -> const std::string& { return rows[i].tensor->name; });
  } else if (sort == "size") {
    std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return rows[i].bytes; });
  } else if (sort != "file") {
    const auto figure = std::ranges::find(kFigures, sort, &Figure::name);
    // What has no such figure comes last.
    std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) {
      const double value = figure->of(all[i]);
      return std::isnan(value) ? -HUGE_VAL : value;
    });
  }
  return order;
}

std::string figure_text(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4g}", value); }
std::string count_text(std::int64_t n) { return n == 0 ? "" : with_commas(static_cast<std::uint64_t>(n)); }
std::string zeros_text(const Statistics& s) {
  if (s.zeros == 0) return "";
  return fmt::format("{} ({:.3g}%)", count_text(s.zeros),
                     100 * static_cast<double>(s.zeros) / static_cast<double>(s.count));
}

std::vector<Table::Column> columns(const StatsOptions& options) {
  std::vector<Table::Column> all{{.title = "name", .gives_way = true},
                                 {"shape", Align::kLeft, 32},
                                 {"dtype", Align::kLeft},
                                 {"mean", Align::kRight},
                                 {"std", Align::kRight},
                                 {"min", Align::kRight}};
  for (const double q : options.quantiles) all.push_back({fmt::format("q{:g}", q), Align::kRight});
  for (const char* const title : {"max", "l2", "zeros", "nan", "inf"}) all.push_back({title, Align::kRight});
  if (options.channels) {
    all.push_back({"least channel", Align::kRight});
    all.push_back({"largest channel", Align::kRight});
  }
  if (options.spectrum) {
    all.push_back({"effective rank", Align::kRight});
    all.push_back({"condition", Align::kRight});
  }
  if (options.bins > 0) all.push_back({"from min to max", Align::kLeft});
  return all;
}

std::vector<std::string> cells(const TensorRow& row, const Statistics& s, const StatsOptions& options) {
  const std::string& name = row.tensor->name;
  std::vector<std::string> all{tensor_name_text(name), shape_text(row.value().sizes()),
                               std::string(row.value().dtype())};
  const auto add = [&](double value) { all.push_back(figure_text(value)); };
  add(s.mean), add(s.std), add(s.min);
  for (std::size_t k = 0; k < options.quantiles.size(); ++k) {
    add(k < s.quantiles.size() ? s.quantiles[k] : Statistics::kNone);
  }
  add(s.max), add(s.count > 0 ? s.l2 : Statistics::kNone);
  all.push_back(zeros_text(s));
  all.push_back(count_text(s.nans));
  all.push_back(count_text(s.plus_infinities + s.minus_infinities));
  if (options.channels) {
    const bool there = s.channels && !s.channels->l2.empty();
    all.push_back(there ? figure_text(*std::ranges::min_element(s.channels->l2)) : "");
    all.push_back(there ? figure_text(*std::ranges::max_element(s.channels->l2)) : "");
  }
  if (options.spectrum) {
    all.push_back(s.spectrum ? figure_text(s.spectrum->effective_rank) : "");
    all.push_back(s.spectrum ? figure_text(s.spectrum->condition) : "");
  }
  if (options.bins > 0) all.push_back(s.histogram.empty() ? "" : "|" + sparkline(s.histogram) + "|");
  return all;
}

void write_text(fmt::memory_buffer& out, const LookedAt& file, const std::vector<Statistics>& all,
                const StatsOptions& options) {
  const auto print = [&]<class... A>(fmt::format_string<A...> text, A&&... args) {
    fmt::format_to(std::back_inserter(out), text, std::forward<A>(args)...);
  };
  const Terminal terminal = standard_output_terminal(options.common.color);
  const Paint paint(terminal.colors);
  print("{}: {}\n\n", paint(Style::kHeading, terminal_text(file.path)), summary_of(file));
  Table table(columns(options));
  for (const std::size_t i : order_of(file, all, options.sort)) {
    const std::vector<std::string> row = cells(file.listing.rows[i], all[i], options);
    table.add(std::vector<TableCell>(row.begin(), row.end()));
  }
  if (!table.empty()) {
    table.write(out, {.paint = paint, .width = terminal.width});
    out.push_back('\n');
  }
  std::int64_t values = 0, zeros = 0, nans = 0, infinite = 0, subnormals = 0, without = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    values += all[i].count;
    zeros += all[i].zeros;
    nans += all[i].nans;
    infinite += all[i].plus_infinities + all[i].minus_infinities;
    subnormals += all[i].subnormals;
    without += inspect::has_numbers(file.listing.rows[i].value()) ? 0 : 1;
  }
  const auto number = [](std::int64_t n) { return with_commas(static_cast<std::uint64_t>(n)); };
  print("{} values: {} zero, {} NaN, {} infinite, {} subnormal\n", number(values), number(zeros),
        number(nans), number(infinite), number(subnormals));
  if (without > 0)
    print(
        "{} tensor{} without numbers: on meta, of a type whose values are not computed, or the same few "
        "elements over and over\n",
        number(without), without == 1 ? "" : "s");
  if (options.common.filter) {
    print("of the tensors that match {}; the file has {}\n", terminal_text(*options.common.filter),
          with_commas(file.checkpoint->tensors().size()));
  }
}

void run(const StatsOptions& options) {
  FileReports reports(options.common);
  for (const std::string& path : options.files) {
    const LookedAt file = look_at(path, options.common.filter);
    Progress progress(std::filesystem::path(path).filename().string(),
                      !options.common.quiet && Progress::on_terminal());
    const std::vector<Statistics> all = inspect::statistics(file.listing, {.histogram_bins = options.bins,
                                                                           .quantiles = options.quantiles,
                                                                           .channel_dim = options.channels,
                                                                           .spectrum = options.spectrum,
                                                                           .progress = progress.callback(),
                                                                           .release_pages = true});
    progress.finish();
    reports.add(
        [&](fmt::memory_buffer& out) {
          if (&path != &options.files.front()) out.push_back('\n');
          write_text(out, file, all, options);
        },
        [&](JsonWriter& json) {
          write_statistics_json(json, file, all, order_of(file, all, options.sort), options.quantiles);
        });
  }
  reports.finish();
}

std::string quantile_problem(const std::string& text) {
  char* end = nullptr;
  const double q = std::strtod(text.c_str(), &end);
  const bool number = !text.empty() && *end == '\0' && q >= 0 && q <= 1;
  return number ? std::string() : fmt::format("'{}' is no number from 0 to 1", text);
}

}  // namespace

void add_stats(CLI::App& app) {
  auto options = std::make_shared<StatsOptions>();
  CLI::App* stats = app.add_subcommand(
      "stats", "Show how the numbers of each tensor are distributed: mean, deviation, extremes, zeros, NaN");
  stats->add_option("FILE", options->files, "checkpoints, of any format that is read")
      ->required()
      ->type_name("");
  add_json(*stats, options->common);
  add_filter(*stats, options->common);
  add_color(*stats, options->common);
  add_quiet(*stats, options->common, "print nothing: the exit status says whether the files can be read");
  add_choice(*stats, "--sort", options->sort, orders(),
             "by name, or by size or a figure, the largest first (default: as in the file)");
  stats->add_option("--quantiles", options->quantiles, "also these quantiles, exactly: 0.01,0.5,0.99")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("Q,...")
      ->check(quantile_problem);
  stats->add_option("--bins", options->bins, "also a histogram of N equal bins from min to max")
      ->type_name("N")
      ->check(whole_number_up_to(99'999));
  stats
      ->add_option("--channels", options->channels,
                   "also the L2 norms along dimension DIM: the least and the largest, with --json all")
      ->type_name("DIM")
      ->check([](const std::string& s) {
        const bool number =
            !s.empty() && s.size() <= 3 && s.find_first_not_of("-0123456789") == std::string::npos;
        return number ? std::string() : fmt::format("'{}' is no dimension", s);
      });
  stats
      ->add_flag("--spectrum", options->spectrum,
                 "also effective rank and condition of matrices up to about 500 x 500 (with --json all "
                 "singular values)")
      ->disable_flag_override();
  stats->footer(kFooter);
  stats->callback([options] { run(*options); });
}

}  // namespace ballast::tool
