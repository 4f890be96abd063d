#include "tools/ballast/commands/show.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/command_line/unmatched_filter.h"
#include "tools/ballast/output/json_output.h"
#include "tools/ballast/output/tensor_table.h"
#include "tools/ballast/output/text_output.h"
#include "tools/ballast/terminal/standard_output.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/checkpoint/load.h"
#include "ballast/core/error.h"
#include "ballast/core/json_writer.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {
namespace {

constexpr int kFailure = 2;

constexpr const char* kFooter =
    R"(Names are the keys that lead to a tensor, joined with dots: model.0.weight. In GLOB, * stands for any
characters (dots too), ? for one, [a-z] for one of a range; quote it, so that the shell leaves it alone.

Columns: name, shape, stride, dtype, parameters, bytes, shared, requires_grad, storage, offset, sha256.

Colours, and names shortened to the width, are for terminals: a pipe and a file get all of it, plain.

Examples:
  ballast show model.pth                              the table, what is shared, and the totals
  ballast show model.pth --tree                       the modules, with what each comes to
  ballast show model.pth --filter '*.bias' --sort size
  ballast show model.pth --depth 2                    layers instead of tensors
  ballast show a.pth b.pth --columns name,dtype,stride
  ballast show model.pth --json --hash | jq .totals   for programs (docs/show.md)

Nothing in the files is ever executed. Exit status: 0, or 2 with one line on standard error for each file that
cannot be shown.)";

struct ShowOptions {
  CommonOptions common;
  std::vector<std::string> files;
  std::string sort = "file", columns;
  std::size_t depth = 0;
  bool hash = false, tree = false;
  CLI::Option* depth_given = nullptr;
};

std::string columns_problem(const std::string& list) {
  try {
    static_cast<void>(columns_of(list));
    return {};
  } catch (const ValueError& e) {
    return e.what();
  }
}

class Shower {
 public:
  explicit Shower(const ShowOptions& options)
      : options_(options), terminal_(standard_output_terminal(options.common.color)) {
    listing_.filter = options.common.filter;
    listing_.sort = options.sort == "name"   ? inspect::ListingSort::kName
                    : options.sort == "size" ? inspect::ListingSort::kSize
                                             : inspect::ListingSort::kFile;
    columns_ = options.columns.empty() ? usual_columns(options.hash) : columns_of(options.columns);
    const auto has = [&](TensorColumn c) { return std::ranges::find(columns_, c) != columns_.end(); };
    check<ValueError>(!options.tree || has(TensorColumn::kName),
                      "--tree draws names: --columns {} has none of them; add name", options.columns);
    if (options.hash && !has(TensorColumn::kSha256)) columns_.push_back(TensorColumn::kSha256);
    hash_ = options.common.json ? options.hash : has(TensorColumn::kSha256);
  }

  int run() {
    if (options_.files.size() == 1) {
      show(options_.files.front());
      end_json();
      return 0;
    }
    // What is wrong with one file should not hide the others.
    int status = 0;
    if (options_.common.json) json_.begin_array(JsonWriter::Layout::kLines);
    for (const std::string& file : options_.files) {
      try {
        show(file);
      } catch (const ClosedPipe&) {
        throw;
      } catch (const Error& e) {
        std::fputs(fmt::format("ballast: {}\n", terminal_text(e.what())).c_str(), stderr);
        status = kFailure;
      }
    }
    if (options_.common.json) json_.end_array();
    end_json();
    return status;
  }

 private:
  void show(const std::string& path) {
    // Who hashes every tensor reads every byte: then damage should not go unnoticed.
    const bool reads_all = hash_ && !listing_.filter;
    const checkpoint::Checkpoint file =
        load(path, {.verify = reads_all ? checkpoint::Verify::kAll : checkpoint::Verify::kBudget,
                    // Of legacy files every storage would be read, for nothing.
                    .map_location = hash_ ? kCPU : kMeta});
    const inspect::TensorListing listing = inspect::list_tensors(file, listing_);
    if (options_.common.quiet) return;
    if (options_.common.json) {
      write_json(json_, file, listing, {.filter = listing_.filter, .hash = hash_});
    } else {
      if (shown_ > 0) out_.push_back('\n');
      TextOptions text{.filter = listing_.filter,
                       .columns = columns_,
                       .columns_chosen = !options_.columns.empty(),
                       .depth = std::nullopt,
                       .tree = options_.tree,
                       .sort = listing_.sort,
                       .terminal = terminal_};
      if (options_.depth_given->count() > 0) text.depth = options_.depth;
      write_text(out_, file, listing, text);
    }
    ++shown_;
    flush();
    if (listing.rows.empty() && listing_.filter) tell_what_is_near(file);
  }

  /// A pattern that matches nothing is no error: a program may well ask. A person may have meant something else.
  void tell_what_is_near(const checkpoint::Checkpoint& file) const {
    std::vector<std::string_view> names;
    for (const checkpoint::NamedTensor& t : file.tensors()) names.emplace_back(t.name);
    const std::string hint = unmatched_filter_hint(*listing_.filter, names);
    if (hint.empty()) return;
    std::fputs(terminal_text(fmt::format("ballast: {}: no tensor matches {}{}", file.file().native(),
                                         *listing_.filter, hint))
                   .append("\n")
                   .c_str(),
               stderr);
  }

  void end_json() {
    if (!options_.common.json || options_.common.quiet) return;
    out_.push_back('\n');
    flush();
  }

  void flush() {
    if (!options_.common.quiet) write_to_standard_output({out_.data(), out_.size()});
    out_.clear();
  }

  const ShowOptions& options_;
  Terminal terminal_;
  inspect::ListingOptions listing_;
  std::vector<TensorColumn> columns_;
  bool hash_ = false;
  fmt::memory_buffer out_;
  JsonWriter json_{out_};
  std::size_t shown_ = 0;  // files
};

}  // namespace

void add_show(CLI::App& app, int& status) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* show = app.add_subcommand(
      "show", "Show what a checkpoint holds: tensors, shared storage, totals, other content");
  show->add_option("FILE", options->files, "checkpoints: .pth, .pt, .bin, TorchScript, ... (docs/formats.md)")
      ->required()
      ->type_name("");
  show->add_flag("--tree", options->tree, "the modules as a tree, each with its sums (text only)")
      ->disable_flag_override();
  takes(show->add_option("--columns", options->columns,
                         "which columns, in this order: name,dtype,stride,... (text only)"),
        {ValueKind::kList, column_names()})
      ->type_name("NAME,...")
      ->check(columns_problem);
  add_choice(*show, "--sort", options->sort, {"name", "size"},
             "by name, or by size, the largest first (default: as in the file)");
  options->depth_given =
      show->add_option("--depth", options->depth,
                       "fold names of more than N parts; branches N levels deep (text only)")
          ->type_name("N")
          ->check(whole_number_up_to(9999));
  add_filter(*show, options->common, "only tensors whose full name matches; totals are over these");
  show->add_flag("--hash", options->hash, "also the SHA-256 of each tensor's elements (reads the whole file)")
      ->disable_flag_override();
  add_json(*show, options->common, "one JSON document instead of text; of several files, an array of them");
  add_color(*show, options->common);
  add_quiet(*show, options->common, "print nothing: the exit status says whether the files can be read");
  show->footer(kFooter);
  show->callback([options, &status] { status = Shower(*options).run(); });
}

}  // namespace ballast::tool
