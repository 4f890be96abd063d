#include "tools/ballast/shell/man_page.h"

#include <algorithm>
#include <iterator>

#include "tools/ballast/version.h"
#include <fmt/format.h>

#include "ballast/core/utf8.h"

namespace ballast::tool {
namespace {

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff_text(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", roff_text(text)); }

/// Prose, in which `commands` are bold.
std::string prose(std::string_view text) {
  std::string roff;
  while (!text.empty()) {
    const std::size_t open = text.find('`');
    const std::size_t close = open == std::string_view::npos ? open : text.find('`', open + 1);
    if (close == std::string_view::npos) break;
    roff += roff_text(text.substr(0, open)) + bold(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return roff + roff_text(text);
}

std::string upper(std::string_view text) {
  std::string all(text);
  std::ranges::transform(all, all.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return all;
}

class Page {
 public:
  Page(const CommandDescription& program, const CommandDescription& command)
      : program_(program), command_(command), is_program_(&program == &command) {}

  std::string text() {
    const std::string title = man_page_name(program_, command_);
    print(".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n", roff_text(upper(title.substr(0, title.size() - 2))),
          program_.name, kVersion);
    section("NAME");
    print("{} \\- {}\n", roff_text(title.substr(0, title.size() - 2)), roff_text(command_.summary));
    write_synopsis();
    write_description();
    write_options();
    write_examples();
    section("EXIT STATUS");
    print("{}\n", prose(command_.exit_status));
    write_environment();
    write_see_also();
    return std::move(text_);
  }

 private:
  template <class... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), text, std::forward<Args>(args)...);
  }

  void section(std::string_view title) { print(".SH {}\n", title); }

  void item(std::string_view term, std::string_view text) { print(".TP\n{}\n{}\n", term, text); }

  [[nodiscard]] std::string full_name() const {
    return is_program_ ? command_.name : program_.name + " " + command_.name;
  }

  void write_synopsis() {
    section("SYNOPSIS");
    if (is_program_) {
      print("{} {} [{}]\n", bold(program_.name), italic("COMMAND"), italic("OPTIONS"));
      return;
    }
    print("{} [{}]", bold(full_name()), italic("OPTIONS"));
    for (const OptionDescription& o : command_.operands) {
      const std::string name = italic(o.names.front()) + (o.repeated ? "..." : "");
      text_ += o.required ? " " + name : " [" + name + "]";
    }
    text_ += '\n';
  }

  void write_description() {
    if (command_.paragraphs.empty() && command_.commands.empty()) return;
    section("DESCRIPTION");
    bool first = true;
    for (const DescriptionParagraph& paragraph : command_.paragraphs) {
      print("{}{}\n", first ? "" : ".PP\n", prose(paragraph.text));
      for (const DescriptionItem& i : paragraph.items) item(bold(i.term), prose(i.text));
      first = false;
    }
    if (command_.commands.empty()) return;
    section("COMMANDS");
    for (const CommandDescription& c : command_.commands)
      item(bold(program_.name + " " + c.name), prose(c.summary));
  }

  void write_options() {
    section("OPTIONS");
    for (const OptionDescription& o : command_.operands)
      item(italic(o.names.front()) + (o.repeated ? "..." : ""), prose(o.help));
    for (const OptionDescription& o : command_.options) {
      std::string names;
      for (const std::string& name : o.names) names += (names.empty() ? "" : ", ") + bold(name);
      if (!o.value.empty()) names += " " + italic(o.value);
      item(names, prose(o.help));
    }
  }

  void write_examples() {
    section("EXAMPLES");
    bool first = true;
    for (const DescriptionExample& e : command_.examples) {
      if (!e.remark.empty()) {
        item(bold(e.command), prose(e.remark));
      } else {
        print("{}.nf\n{}\n.fi\n", first ? "" : ".PP\n", bold(e.command));
      }
      first = false;
    }
  }

  void write_environment() {
    const auto colors = [](const OptionDescription& o) { return o.names.front() == "--color"; };
    if (std::ranges::none_of(command_.options, colors)) return;
    section("ENVIRONMENT");
    item(bold("NO_COLOR"), "Set and not empty: no colours, unless \\fB\\-\\-color\\fR asks for them.");
    item(bold("CLICOLOR_FORCE"), "Set, not empty and not 0: colours in pipes and files too.");
    item(bold("CLICOLOR=0") + ", " + bold("TERM=dumb"), "No colours.");
    item(bold("COLUMNS"), "How wide the terminal is; else it is asked itself.");
  }

  void write_see_also() {
    section("SEE ALSO");
    std::vector<std::string> pages;
    const auto add = [&](const CommandDescription& c) {
      if (&c == &command_) return;
      const std::string page = man_page_name(program_, c);
      pages.push_back("\\%" + bold(page.substr(0, page.size() - 2)) + "(1)");
    };
    add(program_);
    for (const CommandDescription& c : program_.commands) add(c);
    print("{}\n", fmt::join(pages, ",\n"));
  }

  const CommandDescription& program_;
  const CommandDescription& command_;
  bool is_program_;
  std::string text_;
};

}  // namespace

std::string roff_text(std::string_view text) {
  std::string roff;
  if (text.starts_with('.')) roff += "\\&";  // a line that begins with a dot would be a request
  while (!text.empty()) {
    const char32_t c = take_character(text);
    switch (c) {
      case '\\':
        roff += "\\[rs]";
        break;
      case '-':
        roff += "\\-";
        break;
      case '\'':
        roff += "\\[aq]";
        break;
      case '`':
        roff += "\\[ga]";
        break;
      case '^':
        roff += "\\[ha]";
        break;
      case '~':
        roff += "\\[ti]";
        break;
      case '"':
        roff += "\\[dq]";
        break;
      default:
        roff += c < 0x80 ? std::string(1, static_cast<char>(c))
                         : fmt::format("\\[u{:04X}]", static_cast<std::uint32_t>(c));
    }
  }
  return roff;
}

std::string man_page_name(const CommandDescription& program, const CommandDescription& command) {
  return program.name + (&program == &command ? "" : "-" + command.name) + ".1";
}

std::string man_page(const CommandDescription& program, const CommandDescription& command) {
  return Page(program, command).text();
}

}  // namespace ballast::tool
