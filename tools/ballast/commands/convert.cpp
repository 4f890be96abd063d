#include "tools/ballast/commands/convert.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "tools/ballast/command_line/byte_count.h"
#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/command_line/name_rules.h"
#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/command_line/parse_problem.h"
#include "tools/ballast/command_line/unmatched_filter.h"
#include "tools/ballast/files/conversion.h"
#include "tools/ballast/terminal/progress.h"
#include "tools/ballast/terminal/standard_output.h"
#include "tools/ballast/terminal/terminal_text.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/error.h"
#include "ballast/core/figures.h"
#include "ballast/core/json_writer.h"
#include "ballast/core/match/edit_distance.h"
#include "ballast/core/match/glob.h"
#include "ballast/core/saturating_add.h"

namespace ballast::tool {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Kind;
using checkpoint::Value;

constexpr const char* kFooter =
    R"(OUT's name says its format (.safetensors, .gguf, .npz, .npy; every other one is a .pth zip), or --to does.
To a .pth, or to IN's own format, goes everything that is in IN, unless a rule is given or it is a module saved whole; else,
and with a rule, its state dict: the names and tensors at the root, or where training programs keep them. What
shares storage goes on sharing it. --filter takes names as `ballast show` lists them; then come --strip-prefix, --add-prefix,
and --rename in the order given.

Examples:
  ballast convert model.pth model.safetensors
  ballast convert training.pth weights.pth --state-dict model_state_dict --dtype float16
  ballast convert model.pth model.pth --overwrite --strip-prefix module. --rename encoder.=backbone.
  ballast convert big.pth big.safetensors.index.json --shard-size 5GB
  ballast convert --merge shard-1.pth shard-2.pth whole.safetensors            (docs/convert.md)

Nothing in a file is ever executed. Exit status: 0, or 2 with one line on standard error, and OUT as it was.)";

struct ConvertOptions {
  std::vector<std::string> files;
  std::string to, dtype, state_dict, shard_size, strip_prefix, add_prefix;
  std::vector<std::string> renames, metadata;
  bool merge = false, dequantize = false, overwrite = false;
  CommonOptions common;
  CLI::Option* state_dict_given = nullptr;
};

struct Format {
  std::string_view name;
  FileFormat format;
};
constexpr Format kFormats[] = {{"pth", FileFormat::kTorchZip},
                               {"safetensors", FileFormat::kSafetensors},
                               {"gguf", FileFormat::kGguf},
                               {"npz", FileFormat::kNpz},
                               {"npy", FileFormat::kNpy}};

std::string_view name_of(FileFormat format) {
  for (const Format& f : kFormats) {
    if (f.format == format) return f.name;
  }
  return "pth";
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const Format& f : kFormats) names.emplace_back(f.name);
  return names;
}

/// What was read, and what goes where.
struct Conversion {
  Value content;                ///< what is written
  std::size_t tensors = 0;      ///< in it
  std::uint64_t bytes = 0;      ///< of their elements
  std::size_t left_behind = 0;  ///< tensors of the files that are not in it
  bool whole = false;           ///< a tree as it is
  std::size_t retyped = 0;      ///< tensors
};

class Converter {
 public:
  explicit Converter(const ConvertOptions& options) : options_(options), out_(options.files.back()) {
    check<ValueError>(options.files.size() > 1, "OUT is missing: ballast convert {} OUT",
                      options.files.front());
    for (const std::string& rule : options.renames) rules_.rename.push_back(*rename_of(rule));
    rules_.strip_prefix = options.strip_prefix;
    rules_.add_prefix = options.add_prefix;
    if (!options.dtype.empty()) dtype_ = dtype_from_name(options.dtype);
    for (const Format& f : kFormats) {
      if (f.name == options.to) save_.format = f.format;
    }
    if (!options.shard_size.empty()) save_.shard_size = *byte_count(options.shard_size);
    format_ = checkpoint::format_of(out_, save_);
    check_ending();
  }

  void run() {
    check_out();
    const Conversion c = read();
    if (format_ == FileFormat::kSafetensors || format_ == FileFormat::kGguf) save_.metadata = metadata();
    check<ValueError>(options_.metadata.empty() || !save_.metadata.is_none(),
                      "--metadata: a {} has no place for it; .safetensors and .gguf have", name_of(format_));
    Progress progress(out_.filename().string(), shown());
    save_.progress = progress.callback();
    save(c.content, out_, save_);
    progress.finish();
    if (!options_.common.quiet) options_.common.json ? print_json(c) : print_text(c);
  }

 private:
  [[nodiscard]] bool shown() const { return !options_.common.quiet && Progress::on_terminal(); }

  /// Every ending that is no other format's is a .pth's, but model.safetensor is a slip.
  void check_ending() const {
    const std::string ending = out_.extension().string();
    if (!options_.to.empty() || format_ != FileFormat::kTorchZip || ending.empty()) return;
    for (const std::string_view other : {".safetensors", ".gguf", ".npz", ".npy"}) {
      const std::size_t slips =
          ending.size() > other.size() + 2 ? ending.size() : edit_distance(ending, other);
      check<ValueError>(
          slips == 0 || slips > (other.size() > 5 ? 2 : 1),
          "{}: '{}' is the ending of no format; did you mean {}? --to pth writes a .pth under this name",
          out_.string(), ending, other);
    }
  }

  void check_out() const {
    std::error_code unknown;
    if (std::filesystem::is_directory(out_, unknown))
      throw ValueError(fmt::format("{}: this is a folder; OUT should be a file", out_.string()));
    check<ValueError>(
        options_.overwrite || !std::filesystem::exists(std::filesystem::symlink_status(out_, unknown)),
        "{}: there is such a file already; --overwrite replaces it", out_.string());
  }

  /// Whether anything but the format is to change.
  [[nodiscard]] bool has_rules() const {
    return !rules_.keeps_names() || options_.common.filter || options_.state_dict_given->count() > 0 ||
           dtype_ || options_.merge || options_.dequantize;
  }

  Conversion read() {
    Conversion c;
    const std::span<const std::string> in(options_.files.data(), options_.files.size() - 1);
    check<ValueError>(in.size() == 1 || options_.merge,
                      "{} files before OUT: --merge writes what they hold into one", in.size());
    StateDict all;
    for (const std::string& file : in) {
      const Checkpoint checkpoint = open(file);
      // Of a module that was saved whole, only its class could make the rest again.
      const bool object = checkpoint.root().is(Kind::kObject);
      const bool same = format_ == FileFormat::kTorchZip || checkpoint.format() == name_of(format_);
      if (same && !has_rules() && !object && save_.shard_size == 0) {
        keep_metadata(checkpoint);
        return whole(checkpoint);
      }
      StateDict state = apply(rules_, state_of(checkpoint));
      if (state.empty()) throw ValueError(nothing_taken(file));
      c.left_behind += listed_.size() - state.size();
      keep_metadata(checkpoint);
      if (in.size() == 1) {
        all = std::move(state);
      } else {
        merge(all, state, file);
      }
    }
    if (dtype_) {
      for (const auto& [name, t] : all) c.retyped += t.is_floating_point() && t.dtype() != *dtype_;
      Progress progress("converting", shown());
      all = converted(all, *dtype_, out_, progress.callback());
    }
    count(all, c);
    c.content = format_ == FileFormat::kNpy && all.size() == 1 ? Value(all.begin()->value()) : Value(all);
    return c;
  }

  [[nodiscard]] std::string nothing_taken(const std::string& file) const {
    if (!options_.common.filter) return fmt::format("{}: no tensor", file);
    const std::string& filter = *options_.common.filter;
    return fmt::format("{}: no tensor matches --filter {}{}", file, filter,
                       unmatched_filter_hint(filter, {listed_.begin(), listed_.end()}));
  }

  Checkpoint open(const std::string& file) {
    checkpoint::LoadOptions load_options;
    load_options.dequantize = options_.dequantize || dtype_;
    listed_.clear();
    const bool filtered = options_.common.filter.has_value();
    if (filtered) {
      load_options.filter = [this](std::string_view name) {
        listed_.emplace_back(name);
        return glob_matches(*options_.common.filter, name);
      };
    }
    Progress progress(std::filesystem::path(file).filename().string(), shown());
    load_options.progress = progress.callback();
    Checkpoint checkpoint = load(file, load_options);
    if (!filtered) {
      for (const checkpoint::NamedTensor& t : checkpoint.tensors()) listed_.push_back(t.name);
    }
    return checkpoint;
  }

  [[nodiscard]] StateDict state_of(const Checkpoint& checkpoint) const {
    if (options_.state_dict_given->count() > 0) return checkpoint.state_dict(options_.state_dict);
    if (!checkpoint.root().is(Kind::kTensor)) return checkpoint.state_dict();
    // A tensor by itself. Its name is the empty one, which --add-prefix makes a real one.
    check<ValueError>(
        format_ == FileFormat::kNpy || !options_.add_prefix.empty() || format_ == FileFormat::kTorchZip,
        "{}: one tensor without a name: --add-prefix NAME gives it one", checkpoint.file().string());
    StateDict one;
    one.append("", checkpoint.root().tensor().resolved());
    return one;
  }

  static Conversion whole(const Checkpoint& checkpoint) {
    Conversion c;
    c.whole = true;
    c.content = checkpoint.root();
    c.tensors = checkpoint.tensors().size();
    for (const auto& t : checkpoint.tensors())
      c.bytes = saturating_add(c.bytes, static_cast<std::uint64_t>(t.value.tensor().nbytes()));
    return c;
  }

  static void count(const StateDict& all, Conversion& c) {
    c.tensors = all.size();
    for (const auto& [name, t] : all)
      c.bytes = saturating_add(c.bytes, static_cast<std::uint64_t>(t.nbytes()));
  }

  /// What the file keeps beside its tensors stays where the format does. Keys that are names of tensors say what is tied, which
  /// the writer says anew.
  void keep_metadata(const Checkpoint& checkpoint) {
    if (checkpoint.format() != name_of(format_) || !checkpoint.metadata().is_mapping()) return;
    std::unordered_set<std::string_view> names;
    for (const auto& t : checkpoint.tensors()) names.insert(t.name);
    const Value& from = checkpoint.metadata();
    if (from.attributes().is_mapping())
      metadata_.set_attributes(from.attributes());  // the types of GGUF's keys
    for (std::size_t i = 0; i < from.size(); ++i) {
      const Value key = from.key(i);
      if (key.is(Kind::kStr) && !names.contains(key.as_text())) metadata_.set(key, from.value(i));
    }
  }

  Value metadata() {
    // Readers of Hugging Face's libraries look for it.
    if (format_ == FileFormat::kSafetensors && !metadata_.find("format")) metadata_.set("format", "pt");
    for (const std::string& entry : options_.metadata) {
      const std::size_t at = entry.find('=');
      metadata_.set(entry.substr(0, at), entry.substr(at + 1));
    }
    return metadata_.size() > 0 ? metadata_ : Value();
  }

  void print_text(const Conversion& c) const {
    std::string text =
        fmt::format("{}: {}, {} tensor{}, {}\n", terminal_text(out_.string()), name_of(format_),
                    with_commas(c.tensors), c.tensors == 1 ? "" : "s", byte_size(c.bytes));
    if (c.retyped > 0) text += fmt::format("{} became {}\n", with_commas(c.retyped), dtype_name(*dtype_));
    if (c.left_behind > 0) {
      text += fmt::format("{} other tensor{} not taken, nor is what is no tensor\n",
                          with_commas(c.left_behind), c.left_behind == 1 ? " is" : "s are");
    }
    write_to_standard_output(text);
  }

  void print_json(const Conversion& c) const {
    fmt::memory_buffer out;
    JsonWriter json(out);
    json.begin_object();
    json.key("out"), json.string(out_.string());
    json.key("format"), json.string(name_of(format_));
    json.key("whole"), json.boolean(c.whole);
    json.key("tensors"), json.number(c.tensors);
    json.key("bytes"), json.number(c.bytes);
    json.key("left_behind"), json.number(c.left_behind);
    json.key("converted"), json.number(c.retyped);
    json.end_object();
    out.push_back('\n');
    write_to_standard_output({out.data(), out.size()});
  }

  const ConvertOptions& options_;
  std::filesystem::path out_;
  MatchRules rules_;
  std::optional<DType> dtype_;
  checkpoint::SaveOptions save_;
  FileFormat format_ = FileFormat::kTorchZip;
  Value metadata_ = Value::ordered_dict();
  std::vector<std::string> listed_;  // tensors of the file that is open
};

constexpr std::array<std::string_view, 6> kDTypes = {"float64",  "float32",       "float16",
                                                     "bfloat16", "float8_e4m3fn", "float8_e5m2"};

std::string dtype_problem(const std::string& s) {
  const std::optional<DType> dtype = dtype_from_name(s);
  if (dtype && is_floating_point(*dtype)) return {};
  return choice_problem(s, {kDTypes.begin(), kDTypes.end()});
}

void add_rules(CLI::App& convert, ConvertOptions& options) {
  add_filter(convert, options.common);
  options.state_dict_given =
      convert
          .add_option("--state-dict", options.state_dict, "which part of the file, its keys joined with dots")
          ->type_name("PATH");
  takes(convert.add_option("--dtype", options.dtype, "of floating tensors: float16, bfloat16, float32, ..."),
        {ValueKind::kChoice, {kDTypes.begin(), kDTypes.end()}})
      ->type_name("TYPE")
      ->check(dtype_problem);
  convert.add_flag("--dequantize", options.dequantize, "numbers in place of the blocks of a quantised GGUF")
      ->disable_flag_override();
  convert.add_option("--strip-prefix", options.strip_prefix, "take it off the names that have it")
      ->type_name("TEXT");
  convert
      .add_option("--rename", options.renames,
                  "the beginning FROM becomes TO, or with /FROM/ every match (may be repeated)")
      ->type_name("FROM=TO")
      ->check(rename_problem)
      ->allow_extra_args(false);
  convert.add_option("--add-prefix", options.add_prefix, "put it before every name")->type_name("TEXT");
}

}  // namespace

void add_convert(CLI::App& app) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* convert = app.add_subcommand(
      "convert", "Write a checkpoint in another format, under other names, as other types");
  convert->add_option("FILES", options->files, "IN, a file or folder of any format that is read, and OUT")
      ->required()
      ->expected(1, 1 << 20)
      ->type_name("");
  add_choice(*convert, "--to", options->to, format_names(), "the format of OUT");
  add_rules(*convert, *options);
  convert->add_flag("--merge", options->merge, "several INs into one OUT")->disable_flag_override();
  convert
      ->add_option("--shard-size", options->shard_size,
                   "files of at most so many bytes, and an index: 5GB, 512MiB")
      ->type_name("SIZE")
      ->check([](const std::string& s) {
        const auto bytes = byte_count(s);
        return bytes && *bytes > 0 ? std::string() : fmt::format("'{}' is no size, such as 5GB or 512MiB", s);
      });
  convert->add_option("--metadata", options->metadata, "an entry beside the tensors (may be repeated)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& s) {
        return s.find('=', 1) != std::string::npos ? std::string() : fmt::format("'{}' is no KEY=VALUE", s);
      });
  convert->add_flag("--overwrite", options->overwrite, "replace OUT, which may be IN")
      ->disable_flag_override();
  add_json(*convert, options->common, "say what was written as a JSON document");
  add_quiet(*convert, options->common, "say nothing, and show no progress");
  convert->footer(kFooter);
  convert->callback([options] { Converter(*options).run(); });
}

}  // namespace ballast::tool
