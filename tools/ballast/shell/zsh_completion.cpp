#include <iterator>

#include "tools/ballast/shell/completion.h"
#include <fmt/format.h>

namespace ballast::tool {
namespace {

constexpr const char* kBegin = R"(#compdef ballast
# Completion of ballast for zsh, made by `ballast completion zsh`.

# Names of tensors in the files on the line, a module at a time.
_ballast_tensors() {
  local -a files names modules tensors
  local word expl
  for word in "${(@Q)words[2,CURRENT-1]}"; do
    word=${word/#\~\//$HOME/}
    if [[ -e $word ]]; then files+=("$word"); fi
  done
  if (( ! $#files )); then return 1; fi
  names=("${(@f)$("$ballast_program" complete-names -- "${(Q)PREFIX}" "${files[@]}" 2>/dev/null)}")
  modules=("${(@M)names:#*.}")
  tensors=("${(@)names:#*.}")
  tensors=("${(@)tensors:#}")
  _wanted modules expl 'module' compadd -S '' -a modules
  _wanted tensors expl 'tensor' compadd -a tensors
}

_ballast() {
  local ballast_program=${${(Q)words[1]}/#\~\//$HOME/} curcontext=$curcontext state line
  typeset -A opt_args
)";

constexpr const char* kEnd = R"(      esac
      ;;
  esac
}

if [[ $funcstack[1] == _ballast ]]; then
  _ballast "$@"
else
  compdef _ballast ballast
fi
)";

/// Text inside a specification of _arguments, where brackets and colons mean something.
std::string spec_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// ":GLOB:_ballast_tensors": what a value is called, and what offers it.
std::string value_spec(std::string_view called, const OptionValue& value) {
  const std::string name = spec_text(called);
  switch (value.kind) {
    case ValueKind::kNothing:
      return {};
    case ValueKind::kText:
      return fmt::format(":{}: ", name);
    case ValueKind::kFile:
      return fmt::format(":{}:_files", name);
    case ValueKind::kChoice:
      return fmt::format(":{}:({})", name, fmt::join(value.words, " "));
    case ValueKind::kList:
      return fmt::format(":{}: _values -s , word {}", name, fmt::join(value.words, " "));
    case ValueKind::kTensor:
      return fmt::format(":{}:_ballast_tensors", name);
  }
  return {};
}

class Script {
 public:
  std::string text(const CommandDescription& program) {
    text_ += kBegin;
    print("  _arguments -C{}", kNext);
    for (const OptionDescription& o : program.options) write_option(o, kNext);
    print("'1: :->command'{}'*:: :->rest' && return\n\n", kNext);
    print("  case $state in\n    command)\n      local -a commands=(\n");
    for (const CommandDescription& c : program.commands)
      print("        {}\n", shell_word(spec_text(c.name) + ":" + c.summary));
    print("      )\n      _describe -t commands 'command of ballast' commands\n      ;;\n");
    print("    rest)\n      case $line[1] in\n");
    for (const CommandDescription& c : program.commands) write_command(c);
    text_ += kEnd;
    return std::move(text_);
  }

 private:
  static constexpr const char* kNext = " \\\n    ";
  static constexpr const char* kNextOfCommand = " \\\n            ";

  template <class... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), text, std::forward<Args>(args)...);
  }

  /// One specification a name; names of one option exclude each other, unless it may be repeated.
  void write_option(const OptionDescription& o, const char* next) {
    for (const std::string& name : o.names) {
      const bool flag = o.takes.kind == ValueKind::kNothing;
      std::string spec = o.repeated ? "*" : fmt::format("({})", fmt::join(o.names, " "));
      spec += name;
      if (!flag && name.starts_with("--")) spec += '=';
      spec += "[" + spec_text(o.help) + "]" + value_spec(o.value, o.takes);
      print("{}{}", shell_word(spec), next);
    }
  }

  void write_command(const CommandDescription& command) {
    print("        {})\n          _arguments{}", command.name, kNextOfCommand);
    for (const OptionDescription& o : command.options) write_option(o, kNextOfCommand);
    for (std::size_t i = 0; i < command.operands.size(); ++i) {
      const OptionDescription& o = command.operands[i];
      const std::string place = o.repeated ? "*" : fmt::format("{}", i + 1);
      print("{}{}", shell_word(place + (o.required ? "" : ":") + value_spec(o.names.front(), o.takes)),
            i + 1 < command.operands.size() ? kNextOfCommand : "");
    }
    print("\n          ;;\n");
  }

  std::string text_;
};

}  // namespace

std::string zsh_completion(const CommandDescription& program) { return Script().text(program); }

}  // namespace ballast::tool
