#include "tools/ballast/shell/command_description.h"

#include <algorithm>

namespace ballast::tool {
namespace {

constexpr std::string_view kExitStatus = "Exit status: ";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// Splits behind the first `gap` spaces in a row that follow something.
std::pair<std::string_view, std::string_view> split_at_gap(std::string_view text, std::size_t gap) {
  const std::size_t at = text.find(std::string(gap, ' '));
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), trimmed(text.substr(at))};
}

OptionDescription describe_option(CLI::Option& option) {
  OptionDescription d{.help = option.get_description(), .takes = value_of(option)};
  if (option.nonpositional()) {
    for (const std::string& name : option.get_snames()) d.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) d.names.push_back("--" + name);
    if (d.takes.kind != ValueKind::kNothing) d.value = option.get_type_name();
  } else {
    d.names.push_back(option.get_name(true));
  }
  d.repeated = option.get_items_expected_max() > 1;
  d.required = option.get_required();
  return d;
}

class FooterReader {
 public:
  explicit FooterReader(CommandDescription& command) : command_(command) {}

  void read(std::string_view line) {
    const bool indented = line.starts_with("  ");
    line = trimmed(line);
    if (in_examples_ && indented) {
      const auto [command, remark] = split_at_gap(line, 3);
      command_.examples.push_back({std::string(command), std::string(remark)});
      return;
    }
    in_examples_ = line == "Examples:" || line == "Example:";
    if (line.empty() || in_examples_) {
      between_ = true;
    } else if (in_status_ && !between_) {
      command_.exit_status.append(" ").append(line);
    } else if (const std::size_t status = line.find(kExitStatus); status != std::string_view::npos) {
      if (status > 0) prose(trimmed(line.substr(0, status)));
      command_.exit_status = line.substr(status + kExitStatus.size());
      in_status_ = true;
      between_ = false;
    } else if (indented && !between_ && !command_.paragraphs.empty()) {
      const auto [term, text] = split_at_gap(line, 2);
      command_.paragraphs.back().items.push_back({std::string(term), std::string(text)});
    } else {
      prose(line);
    }
  }

 private:
  void prose(std::string_view line) {
    if (between_ || command_.paragraphs.empty() || !command_.paragraphs.back().items.empty()) {
      command_.paragraphs.push_back({std::string(line)});
    } else {
      command_.paragraphs.back().text.append(" ").append(line);
    }
    between_ = in_status_ = false;
  }

  CommandDescription& command_;
  bool in_examples_ = false, in_status_ = false;
  bool between_ = true;  // paragraphs
};

}  // namespace

void describe_footer(CommandDescription& command, std::string_view footer) {
  FooterReader reader(command);
  while (!footer.empty()) {
    const std::size_t end = std::min(footer.find('\n'), footer.size());
    reader.read(footer.substr(0, end));
    footer.remove_prefix(std::min(end + 1, footer.size()));
  }
}

CommandDescription describe(CLI::App& app) {
  CommandDescription d{.name = app.get_name(), .summary = app.get_description()};
  for (CLI::Option* option : app.get_options({})) {
    if (option->get_group().empty()) continue;  // hidden
    (option->nonpositional() ? d.options : d.operands).push_back(describe_option(*option));
  }
  describe_footer(d, app.get_footer());
  for (CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) d.commands.push_back(describe(*command));
  }
  return d;
}

}  // namespace ballast::tool
