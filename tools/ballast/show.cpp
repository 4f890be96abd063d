#include "tools/ballast/show.h"

#include <memory>
#include <string>

#include "tools/ballast/json_output.h"
#include "tools/ballast/parse_problem.h"
#include "tools/ballast/standard_output.h"
#include "tools/ballast/text_output.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::tool {
namespace {

constexpr const char* kFooter =
    R"(Names are the keys that lead to a tensor, joined with dots: model.0.weight. In GLOB, * stands for any
characters (dots too), ? for one, [a-z] for one of a range; quote it, so that the shell leaves it alone.

Examples:
  ballast show model.pth                              the table, what is shared, and the totals
  ballast show model.pth --filter '*.bias' --sort size
  ballast show model.pth --depth 2                    layers instead of tensors
  ballast show model.pth --json --hash | jq .totals   for programs (docs/show.md)

Nothing in the file is ever executed. Exit status: 0, or 2 with one line on standard error.)";

struct ShowOptions {
  std::string file, filter, sort = "file";
  std::size_t depth = 0;
  bool json = false, hash = false;
  CLI::Option* filter_given = nullptr;
  CLI::Option* depth_given = nullptr;
};

void run(const ShowOptions& options) {
  inspect::ListingOptions listing_options;
  if (options.filter_given->count() > 0) listing_options.filter = options.filter;
  listing_options.sort = options.sort == "name"   ? inspect::ListingSort::kName
                         : options.sort == "size" ? inspect::ListingSort::kSize
                                                  : inspect::ListingSort::kFile;
  // Who hashes every tensor reads every byte: then damage should not go unnoticed.
  const bool reads_all = options.hash && !listing_options.filter;
  const checkpoint::Checkpoint file =
      load(options.file, {.verify = reads_all ? checkpoint::Verify::kAll : checkpoint::Verify::kBudget,
                          // Of legacy files every storage would be read, for nothing.
                          .map_location = options.hash ? kCPU : kMeta});
  const inspect::TensorListing listing = inspect::list_tensors(file, listing_options);

  fmt::memory_buffer out;
  if (options.json) {
    write_json(out, file, listing, {.filter = listing_options.filter, .hash = options.hash});
  } else {
    TextOptions text{.filter = listing_options.filter, .hash = options.hash, .depth = std::nullopt};
    if (options.depth_given->count() > 0) text.depth = options.depth;
    write_text(out, file, listing, text);
  }
  write_to_standard_output({out.data(), out.size()});
}

}  // namespace

void add_show(CLI::App& app) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* show = app.add_subcommand(
      "show", "Show what a checkpoint holds: tensors, shared storage, totals, other content");
  show->add_option("FILE", options->file, "a checkpoint: .pth, .pt, .bin, TorchScript, ... (docs/formats.md)")
      ->required()
      ->type_name("");
  show->add_flag("--json", options->json, "one JSON document instead of text")->disable_flag_override();
  show->add_flag("--hash", options->hash, "also the SHA-256 of each tensor's elements (reads the whole file)")
      ->disable_flag_override();
  options->filter_given = show->add_option("--filter", options->filter,
                                           "only tensors whose full name matches; totals are over these")
                              ->type_name("GLOB");
  show->add_option("--sort", options->sort,
                   "by name, or by size, the largest first (default: as in the file)")
      ->type_name("name|size")
      ->check([](const std::string& s) {
        return s == "name" || s == "size" ? std::string() : choice_problem(s, {"name", "size"});
      });
  options->depth_given =
      show->add_option("--depth", options->depth, "fold names of more than N parts (text only)")
          ->type_name("N")
          ->check([](const std::string& s) {
            const bool number =
                !s.empty() && s.size() <= 4 && s.find_first_not_of("0123456789") == std::string::npos;
            return number ? std::string() : fmt::format("'{}' is no number from 0 to 9999", s);
          });
  show->footer(kFooter);
  show->callback([options] { run(*options); });
}

}  // namespace ballast::tool
