#include "tools/ballast/commands/complete_names.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "tools/ballast/command_line/option_value.h"
#include "tools/ballast/terminal/standard_output.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "ballast/checkpoint/load.h"
#include "ballast/core/error.h"

namespace ballast::tool {
namespace {

constexpr std::size_t kLongest = 4096;  // what nobody completes

bool needs_no_quotes(std::string_view name) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:+@-";
  return !name.empty() && name.size() <= kLongest && name.front() != '-' &&
         std::ranges::all_of(name, [&](char c) { return kPlain.find(c) != std::string_view::npos; });
}

/// One step of each name that begins with `typed`.
std::vector<std::string_view> step(std::string_view typed, const std::vector<std::string_view>& names) {
  std::vector<std::string_view> steps;
  std::unordered_set<std::string_view> seen;
  for (const std::string_view name : names) {
    if (!name.starts_with(typed) || !needs_no_quotes(name)) continue;
    const std::size_t dot = name.find('.', typed.size());
    const std::string_view part = name.substr(0, dot == std::string_view::npos ? dot : dot + 1);
    if (seen.insert(part).second) steps.push_back(part);
  }
  return steps;
}

struct Options {
  std::string typed;
  std::vector<std::string> files;
};

void run(const Options& options) {
  std::vector<checkpoint::NamedTensor> tensors;
  for (const std::string& path : options.files) {
    try {
      const auto more = load(path, {.verify = checkpoint::Verify::kNone, .map_location = kMeta}).tensors();
      tensors.insert(tensors.end(), more.begin(), more.end());
    } catch (const Error&) {  // no names, then
    }
  }
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const checkpoint::NamedTensor& t : tensors) names.emplace_back(t.name);
  std::string text;
  for (const std::string& part : next_parts(options.typed, names)) text += part + "\n";
  write_to_standard_output(text);
}

}  // namespace

std::vector<std::string> next_parts(std::string_view typed, const std::vector<std::string_view>& names) {
  std::vector<std::string_view> parts = step(typed, names);
  while (parts.size() == 1 && parts[0].ends_with('.') && parts[0].size() > typed.size()) {
    typed = parts[0];
    parts = step(typed, names);
  }
  return {parts.begin(), parts.end()};
}

void add_complete_names(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* names = app.add_subcommand("complete-names", "Print how the name of a tensor may go on");
  names->group("");  // hidden
  takes(names->add_option("PREFIX", options->typed, "what is typed of it"), {ValueKind::kText})->required();
  names->add_option("FILE", options->files, "checkpoints")->required();
  names->callback([options] { run(*options); });
}

}  // namespace ballast::tool
