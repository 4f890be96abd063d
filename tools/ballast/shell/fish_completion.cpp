#include <iterator>

#include "tools/ballast/shell/completion.h"
#include <fmt/format.h>

namespace ballast::tool {
namespace {

constexpr const char* kBegin =
    R"(# Completion of ballast for fish (3.1 or newer), made by `ballast completion fish`.

# Whether this is the command on the line; '' if there should be none yet.
function __ballast_is
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"
end

# What is typed of a value: behind the = of --option=value.
function __ballast_typed
    commandline -ct | string replace -r -- '^--[a-z-]+=' ''
end

# The words given, behind those that stand before the last comma.
function __ballast_list
    set -l before (__ballast_typed | string match -r -- '^.*,')
    printf "$before%s\n" $argv
end

# Names of tensors in the files on the line, a module at a time.
function __ballast_tensors
    set -l words (commandline -opc)
    set -l typed (__ballast_typed)
    set -l files
    for word in $words[3..-1]
        test -e "$word"; and set -a files "$word"
    end
    test (count $files) -gt 0
    and command $words[1] complete-names -- "$typed" $files 2>/dev/null
end

complete -c ballast -f
)";

/// A word of fish: in single quotes, in which a backslash escapes.
std::string fish_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') word += '\\';
    word += c;
  }
  return word + "'";
}

std::string offer(const OptionValue& value) {
  switch (value.kind) {
    case ValueKind::kNothing:
      return {};
    case ValueKind::kText:
      return " -x";
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kChoice:
      return fmt::format(" -x -a {}", fish_word(fmt::format("{}", fmt::join(value.words, " "))));
    case ValueKind::kList:
      return fmt::format(" -x -a {}",
                         fish_word(fmt::format("(__ballast_list {})", fmt::join(value.words, " "))));
    case ValueKind::kTensor:
      return " -x -a '(__ballast_tensors)'";
  }
  return {};
}

class Script {
 public:
  std::string text(const CommandDescription& program) {
    text_ += kBegin;
    const std::string none = "\"__ballast_is ''\"";
    for (const OptionDescription& o : program.options) write_option(none, o);
    for (const CommandDescription& c : program.commands)
      print("complete -c ballast -n {} -a {} -d {}\n", none, c.name, fish_word(c.summary));
    for (const CommandDescription& c : program.commands) {
      const std::string condition = fish_word("__ballast_is " + c.name);
      text_ += '\n';
      for (const OptionDescription& o : c.options) write_option(condition, o);
      for (const OptionDescription& o : c.operands) {
        if (o.takes.kind == ValueKind::kText) continue;
        std::string offered = offer(o.takes);
        // An operand is no value that an option requires.
        if (offered.starts_with(" -x") || offered.starts_with(" -r")) offered.erase(0, 3);
        print("complete -c ballast -n {}{}\n", condition, offered);
      }
    }
    return std::move(text_);
  }

 private:
  template <class... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), text, std::forward<Args>(args)...);
  }

  void write_option(const std::string& condition, const OptionDescription& o) {
    print("complete -c ballast -n {}", condition);
    for (const std::string& name : o.names) {
      const bool is_long = name.starts_with("--");
      print(" -{} {}", is_long ? 'l' : 's', name.substr(is_long ? 2 : 1));
    }
    print("{} -d {}\n", offer(o.takes), fish_word(o.help));
  }

  std::string text_;
};

}  // namespace

std::string fish_completion(const CommandDescription& program) { return Script().text(program); }

}  // namespace ballast::tool
