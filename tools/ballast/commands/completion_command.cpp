#include "tools/ballast/commands/completion_command.h"

#include <memory>
#include <string>

#include "tools/ballast/command_line/common_options.h"
#include "tools/ballast/shell/completion.h"
#include "tools/ballast/terminal/standard_output.h"
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace ballast::tool {
namespace {

constexpr const char* kFooter =
    R"(Completes commands, options, the words that options take, files, and names of tensors out of the files on the line.
An installed ballast needs nothing of this: its completion lies where the shells look for it.

Examples:
  source <(ballast completion bash)                   for this shell; in ~/.bashrc for each
  ballast completion zsh > ~/.zsh/_ballast            a folder of $fpath, before compinit
  ballast completion fish > ~/.config/fish/completions/ballast.fish

Exit status: 0, or 2 with one line on standard error.)";

}  // namespace

void add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "Print the completion script of a shell");
  add_choice(*completion, "SHELL", *shell, {"bash", "zsh", "fish"}, "bash, zsh or fish")
      ->required()
      ->type_name("");
  completion->footer(kFooter);
  completion->callback([shell, &app] {
    const CommandDescription program = describe(app);
    write_to_standard_output(*shell == "bash"  ? bash_completion(program)
                             : *shell == "zsh" ? zsh_completion(program)
                                               : fish_completion(program));
  });
}

}  // namespace ballast::tool
