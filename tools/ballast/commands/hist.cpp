#include "tools/ballast/commands/hist.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/files/looked_at.h"
#include "tools/ballast/output/statistics_json.h"
#include "tools/ballast/terminal/drawings.h"
#include "tools/ballast/terminal/standard_output.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/core/shape.h"
#include "ballast/inspect/checkpoint_numbers.h"

namespace ballast::tool {
namespace {

using inspect::HeatMap;
using inspect::Statistics;
using inspect::TensorRow;

constexpr const char* kFooter =
    R"(The heat map takes the tensor as a matrix [first dimension, rest], cut into cells that leave no value out; a cell shows
the mean of the values that it covers, or with --cell peak the one that is farthest from zero; NaN and infinities
among them are marked.

Examples:
  ballast hist model.pth conv1.weight
  ballast hist model.pth conv1.weight --bins 40 --log
  ballast hist model.pth conv1.weight --json | jq .histogram.counts     (docs/stats.md)

NAME may be left out where the file holds one tensor. Exit status: 0, or 2 with one line on standard error.)";

constexpr std::size_t kWidth = 80;  // where output is no terminal
constexpr std::int64_t kRows = 24;  // lines of a heat map

struct HistOptions {
  std::string file, name, cell = "mean";
  std::int64_t bins = 20;
  bool logarithmic = false, no_heat_map = false;
  CLI::Option* name_given = nullptr;
  CommonOptions common;
};

/// The full name of the tensor that is meant.
std::string name_of(const HistOptions& options) {
  const LookedAt names = look_at_names(options.file);
  if (options.name_given->count() > 0) return find_tensor(names, options.name).tensor->name;
  const auto& rows = names.listing.rows;
  check<ValueError>(rows.size() == 1, "{} holds {} tensors: name one; ballast show {} lists them",
                    options.file, with_commas(rows.size()), options.file);
  return rows.front().tensor->name;
}

void write_text(fmt::memory_buffer& out, const LookedAt& file, const TensorRow& row, const Statistics& s,
                const HeatMap& map, const HistOptions& options) {
  const auto print = [&]<class... A>(fmt::format_string<A...> text, A&&... args) {
    fmt::format_to(std::back_inserter(out), text, std::forward<A>(args)...);
  };
  const Terminal terminal = standard_output_terminal(options.common.color);
  const Paint paint(terminal.colors);
  const std::string& name = row.tensor->name;
  print("{}  {} {}, of {}\n", paint(Style::kHeading, tensor_name_text(name)), row.value().dtype(),
        shape_text(row.value().sizes()), terminal_text(file.path));
  const auto number = [](std::int64_t n) { return with_commas(static_cast<std::uint64_t>(n)); };
  print("{} values: {} zero, {} negative, {} NaN, {} infinite, {} subnormal\n", number(s.count),
        number(s.zeros), number(s.negatives), number(s.nans), number(s.plus_infinities + s.minus_infinities),
        number(s.subnormals));
  if (s.finite > 0) {
    print("mean {:.6g}, std {:.6g}, min {:.6g}, median {:.6g}, max {:.6g}, L2 {:.6g}\n", s.mean, s.std, s.min,
          s.quantiles.front(), s.max, s.l2);
  }
  if (options.bins > 0) {
    print("\n{} bins{}\n", s.histogram.size(),
          options.logarithmic ? ", bars by the logarithm of the count" : "");
    draw_histogram(out, s, terminal.width.value_or(kWidth) > kWidth ? kWidth / 2 : kWidth / 2 - 4,
                   options.logarithmic);
  }
  if (options.no_heat_map || map.rows == 0) return;
  print("\nmatrix of {} x {}, ", number(map.matrix_rows), number(map.matrix_columns));
  if (map.cell_rows * map.cell_columns == 1) {
    print("a cell a value\n");
  } else {
    print("a cell shows the {} of {} x {} values\n", options.cell == "mean" ? "mean" : "peak",
          number(map.cell_rows), number(map.cell_columns));
  }
  draw_heat_map(out, map, options.cell == "mean" ? CellFigure::kMean : CellFigure::kPeak, terminal.colors);
}

void write_cells(JsonWriter& json, std::string_view key, const HeatMap& map,
                 double (*of)(const inspect::HeatCell&)) {
  json.key(key), json.begin_array(JsonWriter::Layout::kLines);
  for (std::int64_t row = 0; row < map.rows; ++row) {
    json.begin_array();
    for (std::int64_t c = 0; c < map.columns; ++c)
      json.real(of(map.cells[static_cast<std::size_t>(row * map.columns + c)]));
    json.end_array();
  }
  json.end_array();
}

void write_json(fmt::memory_buffer& out, const LookedAt& file, const TensorRow& row, const Statistics& s,
                const HeatMap& map, const HistOptions& options) {
  JsonWriter json(out);
  const auto pair = [&](std::string_view key, std::int64_t a, std::int64_t b) {
    json.key(key), json.begin_array(), json.number(a), json.number(b), json.end_array();
  };
  json.begin_object(JsonWriter::Layout::kLines);
  json.key("file"), json.string(file.path);
  json.key("name"), json.string(row.tensor->name);
  json.key("dtype"), json.string(row.value().dtype());
  json.key("shape"), json.begin_array();
  for (const std::int64_t n : row.value().sizes()) json.number(n);
  json.end_array();
  write_figures(json, s);
  json.key("median"), s.quantiles.empty() ? json.null() : json.real(s.quantiles.front());
  if (!s.histogram.empty()) write_histogram(json, s);
  if (!options.no_heat_map) {
    json.key("heat_map"), json.begin_object(JsonWriter::Layout::kLines);
    pair("matrix", map.matrix_rows, map.matrix_columns);
    pair("cell", map.cell_rows, map.cell_columns);
    write_cells(json, "mean", map, [](const inspect::HeatCell& c) { return c.mean; });
    write_cells(json, "min", map, [](const inspect::HeatCell& c) { return c.min; });
    write_cells(json, "max", map, [](const inspect::HeatCell& c) { return c.max; });
    json.end_object();
  }
  json.end_object();
  out.push_back('\n');
}

void run(const HistOptions& options) {
  const LookedAt file = look_at_tensor(options.file, name_of(options));
  const TensorRow& row = file.listing.rows.front();
  const Tensor numbers = inspect::numbers_of(row.value());
  check<ValueError>(numbers.defined(),
                    "{}: '{}' has no numbers: it is on meta, of a type whose values are not computed, or the "
                    "same few elements over and over",
                    options.file, row.tensor->name);
  const Terminal terminal = standard_output_terminal(options.common.color);
  const auto width = static_cast<std::int64_t>(std::max<std::size_t>(terminal.width.value_or(kWidth), 8));
  const std::int64_t rows = terminal.colors && !options.common.json ? 2 * kRows : kRows;
  const Statistics s = inspect::statistics(
      numbers, {.histogram_bins = options.bins, .quantiles = {0.5}, .release_pages = true});
  HeatMap map;
  if (!options.no_heat_map) {
    map = inspect::heat_map(
        numbers,
        {.cells = rows * (width - 4), .max_rows = rows, .max_columns = width - 4, .release_pages = true});
  }
  if (options.common.quiet) return;
  fmt::memory_buffer out;
  options.common.json ? write_json(out, file, row, s, map, options)
                      : write_text(out, file, row, s, map, options);
  write_to_standard_output({out.data(), out.size()});
}

}  // namespace

void add_hist(CLI::App& app) {
  auto options = std::make_shared<HistOptions>();
  CLI::App* hist = app.add_subcommand("hist", "Draw one tensor: its histogram and a heat map");
  hist->add_option("FILE", options->file, "a checkpoint, of any format that is read")
      ->required()
      ->type_name("");
  options->name_given =
      takes(hist->add_option("NAME", options->name, "a tensor's full name, as ballast show prints it"),
            {ValueKind::kTensor})
          ->type_name("");
  add_json(*hist, options->common);
  add_quiet(*hist, options->common, "print nothing: the exit status says whether the tensor can be read");
  add_color(*hist, options->common);
  hist->add_option("--bins", options->bins, "bins of the histogram (default: 20); 0 for none")
      ->type_name("N")
      ->check(whole_number_up_to(99'999));
  hist->add_flag("--log", options->logarithmic, "bars as long as the logarithm of the count")
      ->disable_flag_override();
  add_choice(
      *hist, "--cell", options->cell, {"mean", "peak"},
      "what a cell of the heat map shows of the values it covers (default: mean; peak: the one farthest "
      "from zero)");
  hist->add_flag("--no-heat-map", options->no_heat_map, "the histogram only")->disable_flag_override();
  hist->footer(kFooter);
  hist->callback([options] { run(*options); });
}

}  // namespace ballast::tool
