#include <algorithm>
#include <iterator>

#include "tools/ballast/shell/completion.h"
#include <fmt/format.h>

namespace ballast::tool {
namespace {

// What is typed is never evaluated, nor is what a file holds: words are compared, not expanded (compgen -W would run what
// stands between backquotes in the name of a tensor).
constexpr const char* kBegin =
    R"(# Completion of ballast for bash (4.4 or newer), made by `ballast completion bash`.

# Of the words given, those that begin like the one that is typed.
_ballast_offer() {
  local word
  for word in "$@"; do
    if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
  done
  compopt +o default 2>/dev/null
}

# The same for the last of several words with commas between them.
_ballast_offer_list() {
  local word before=
  if [[ $cur == *,* ]]; then before=${cur%,*},; fi
  for word in "$@"; do
    if [[ $before$word == "$cur"* ]]; then COMPREPLY+=("$before$word"); fi
  done
  compopt -o nospace +o default 2>/dev/null
}

# Names of tensors in the files on the line, a module at a time.
_ballast_offer_tensors() {
  local name
  compopt +o default 2>/dev/null
  if ((${#files[@]} == 0)); then return; fi
  while IFS= read -r name; do
    COMPREPLY+=("$name")
    if [[ $name == *. ]]; then compopt -o nospace 2>/dev/null; fi
  done < <("$program" complete-names -- "$cur" "${files[@]}" 2>/dev/null)
}

# File names are readline's matter: where nothing is offered, it offers them.
_ballast() {
  local cur=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]/#\~\//$HOME/}
  local command= option= operand=0 files=() word i joined=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $word == = ]]; then
      # --sort=name is three words here, and so is FROM=TO.
      joined=1
      continue
    elif [[ -n $option ]]; then
      option=
    elif [[ -n $joined ]]; then
      :
    elif [[ -z $command ]]; then
      if [[ $word != -* ]]; then command=$word; fi
    elif [[ $word == -* ]]; then
      case "$command $word" in
)";

constexpr const char* kMiddle = R"(          option=$word
          ;;
      esac
    else
      operand=$((operand + 1))
      word=${word//[\"\'\\]/}
      word=${word/#\~\//$HOME/}
      if [[ -e $word ]]; then files+=("$word"); fi
    fi
    joined=
  done
  if [[ -n $option && $cur == = ]]; then cur=; fi

  case "$command $option" in
)";

constexpr const char* kEnd = R"(    *) compopt +o default 2>/dev/null ;;
  esac
}

complete -o bashdefault -o default -F _ballast ballast
)";

std::string words_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " " + shell_word(word);
  return text;
}

std::vector<std::string> names_of(const std::vector<OptionDescription>& options) {
  std::vector<std::string> names;
  for (const OptionDescription& o : options) names.insert(names.end(), o.names.begin(), o.names.end());
  return names;
}

/// What offers a value; empty where any text is right.
std::string offer(const OptionValue& value) {
  switch (value.kind) {
    case ValueKind::kNothing:
    case ValueKind::kText:
      return {};
    case ValueKind::kFile:
      return ":";
    case ValueKind::kChoice:
      return "_ballast_offer" + words_text(value.words);
    case ValueKind::kList:
      return "_ballast_offer_list" + words_text(value.words);
    case ValueKind::kTensor:
      return "_ballast_offer_tensors";
  }
  return {};
}

class Script {
 public:
  std::string text(const CommandDescription& program) {
    text_ += kBegin;
    write_options_with_values(program);
    text_ += kMiddle;
    std::vector<std::string> first;
    for (const CommandDescription& c : program.commands) first.push_back(c.name);
    for (const std::string& name : names_of(program.options)) first.push_back(name);
    print("    ' ') _ballast_offer{} ;;\n", words_text(first));
    for (const CommandDescription& c : program.commands) write_command(c);
    text_ += kEnd;
    return std::move(text_);
  }

 private:
  template <class... Args>
  void print(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), text, std::forward<Args>(args)...);
  }

  void write_options_with_values(const CommandDescription& program) {
    std::vector<std::string> patterns;
    for (const CommandDescription& c : program.commands) {
      for (const OptionDescription& o : c.options) {
        if (o.takes.kind == ValueKind::kNothing) continue;
        for (const std::string& name : o.names) patterns.push_back(fmt::format("'{} {}'", c.name, name));
      }
    }
    print("        {})\n", fmt::join(patterns, " | \\\n          "));
  }

  void write_command(const CommandDescription& command) {
    for (const OptionDescription& o : command.options) {
      const std::string offered = offer(o.takes);
      for (const std::string& name : o.names) {
        if (!offered.empty()) print("    '{} {}') {} ;;\n", command.name, name, offered);
      }
    }
    print("    '{} ')\n      if [[ $cur == -* ]]; then\n        _ballast_offer{}\n", command.name,
          words_text(names_of(command.options)));
    for (std::size_t i = 0; i < command.operands.size(); ++i) {
      const OptionDescription& o = command.operands[i];
      const std::string offered = offer(o.takes);
      print("      elif ((operand {} {})); then\n        {}\n", o.repeated ? ">=" : "==", i,
            offered.empty() ? ":" : offered);
    }
    print("      fi\n      ;;\n");
  }

  std::string text_;
};

}  // namespace

std::string bash_completion(const CommandDescription& program) { return Script().text(program); }

}  // namespace ballast::tool
