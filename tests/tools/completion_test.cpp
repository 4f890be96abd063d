// Completion in the shells themselves: what they are offered, and what pressing the tabulator makes of a line.
#include "tools/ballast/shell/completion.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include "tests/tools/on_terminal.h"
#include "tests/tools/shell_script.h"
#include "tools/ballast/command_line/command_line.h"
#include "tools/ballast/commands/complete_names.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

using tool::CommandDescription;
using tool::OptionDescription;
using tool::shell_word;
using Words = std::vector<std::string>;

const std::string kLenet = data_path("checkpoints/zip/lenet.pth");

const CommandDescription& ballast() {
  static int status = 0;
  static const std::unique_ptr<CLI::App> app = tool::command_line(status);
  static const CommandDescription program = tool::describe(*app);
  return program;
}

std::string script_of(const std::string& shell) {
  const Outcome outcome = ballast_command({"completion", shell});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  return outcome.out;
}

Words lines_of(const std::string& text) {
  Words lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Words options_of(const CommandDescription& command) {
  Words names;
  for (const OptionDescription& o : command.options)
    names.insert(names.end(), o.names.begin(), o.names.end());
  return names;
}

Words sorted(Words words) {
  std::ranges::sort(words);
  return words;
}

/// A line up to where the tabulator is pressed, and what should be offered.
struct Case {
  Words words;
  Words offered;
};

/// Of every command: its options, and what those take that take words.
std::vector<Case> cases_of_every_command() {
  std::vector<Case> cases;
  Words commands;
  for (const CommandDescription& c : ballast().commands) commands.push_back(c.name);
  for (const std::string& name : commands) {
    Words same;
    std::ranges::copy_if(commands, std::back_inserter(same),
                         [&](const std::string& s) { return s.starts_with(name); });
    cases.push_back({{name}, same});
  }
  for (const CommandDescription& c : ballast().commands) {
    Words with_dashes;
    std::ranges::copy_if(options_of(c), std::back_inserter(with_dashes),
                         [](const std::string& s) { return s.starts_with("--"); });
    cases.push_back({{c.name, "--"}, with_dashes});
    for (const OptionDescription& o : c.options) {
      if (o.takes.words.empty()) continue;
      cases.push_back({{c.name, o.names.back(), ""}, o.takes.words});
      cases.push_back({{c.name, o.names.back(), o.takes.words.back()}, {o.takes.words.back()}});
    }
  }
  return cases;
}

std::vector<Case> cases_with_files() {
  return {
      {{"show", kLenet, "--filter", ""}, {"features.", "classifier."}},
      {{"show", kLenet, "--filter", "f"}, {"features.0.", "features.3."}},
      {{"show", kLenet, "--filter", "features.3."}, {"features.3.weight", "features.3.bias"}},
      {{"show", kLenet, "--filter", "features.3.weight"}, {"features.3.weight"}},
      {{"show", kLenet, "--json", "--filter", "x"}, {}},
      {{"show", "--filter", "f"}, {}},
      {{"show", "no.pth", "--filter", "f"}, {}},
      {{"show", "--columns", "name,sh"}, {"name,shape", "name,shared", "name,sha256"}},
      {{"show", "--depth", ""}, {}},
      {{"completion", ""}, {"bash", "zsh", "fish"}},
      {{"man", "sh"}, {"show"}},
  };
}

/// Each case as a line of the shell, `line` of its words; what comes back must be the offers, between lines that say which case.
void expect_offers(const std::string& shell, const std::vector<Case>& cases, const std::string& begin,
                   std::string (*line)(const Words&)) {
  std::string script = begin;
  for (const Case& c : cases) script += line(c.words) + "\necho ---\n";
  const Words out = lines_of(run_script(shell, script));
  std::size_t at = 0;
  for (const Case& c : cases) {
    Words offered;
    for (; at < out.size() && out[at] != "---"; ++at)
      offered.push_back(out[at].substr(0, out[at].find('\t')));
    ++at;
    std::erase(offered, "");
    EXPECT_EQ(sorted(offered), sorted(c.offered)) << shell << ": " << ::testing::PrintToString(c.words);
  }
  EXPECT_EQ(at, out.size());
  std::cout << "[ cases ] " << cases.size() << " lines\n";
}

std::string bash_line(const Words& words) {
  std::string line = "COMP_WORDS=('" BALLAST_COMMAND "'";
  for (const std::string& word : words) line += " " + shell_word(word);
  return line + fmt::format("); COMP_CWORD={}; _ballast; printf '%s\\n' \"${{COMPREPLY[@]}}\"", words.size());
}

TEST(Completion, BashOffersEveryCommandOptionAndWord) {
  SKIP_WITHOUT("bash");
  std::vector<Case> cases = cases_of_every_command();
  for (const Case& c : cases_with_files()) cases.push_back(c);
  // Bash makes three words of --sort=name.
  cases.push_back({{"show", "--sort", "="}, {"name", "size"}});
  cases.push_back({{"show", "--sort", "=", "s"}, {"size"}});
  cases.push_back(
      {{"show", kLenet, "--filter", "=", "c"}, {"classifier.1.", "classifier.3.", "classifier.5."}});
  cases.push_back({{"hist", "--cell", "=", "mean", kLenet, "f"}, {"features.0.", "features.3."}});
  cases.push_back({{"hist", "--bins", "8", kLenet, "f"}, {"features.0.", "features.3."}});
  cases.push_back({{"hist", kLenet.substr(0, kLenet.size() - 1)}, {}});
  cases.push_back({{"nonsense", "--"}, {}});
  expect_offers("bash", cases, script_of("bash"), bash_line);
}

std::string fish_line(const Words& words) {
  std::string line = "complete -C \"" BALLAST_COMMAND;
  for (const std::string& word : words) line += " " + word;
  return line + "\"";
}

TEST(Completion, FishOffersEveryCommandOptionAndWord) {
  SKIP_WITHOUT("fish");
  std::vector<Case> cases = cases_of_every_command();
  for (const Case& c : cases_with_files()) cases.push_back(c);
  expect_offers("fish", cases, script_of("fish"), fish_line);
}

TEST(Completion, ScriptsHaveNoMistakes) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    if (!is_installed(shell)) {
      std::cout << "skipped: " << shell << " not installed\n";
      continue;
    }
    EXPECT_EQ(run_script(shell, script_of(shell), {"-n"}), "") << shell;
  }
}

TEST(Completion, EveryScriptKnowsEveryCommandOptionAndWord) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = script_of(shell);
    for (const CommandDescription& c : ballast().commands) {
      SCOPED_TRACE(shell + ": " + c.name);
      EXPECT_NE(script.find(c.name), std::string::npos);
      for (const OptionDescription& o : c.options) {
        const std::string& name = o.names.back();
        EXPECT_NE(script.find(shell == "fish" ? " -l " + name.substr(2) : name), std::string::npos) << name;
        for (const std::string& word : o.takes.words) EXPECT_NE(script.find(word), std::string::npos) << word;
      }
    }
  }
}

/// How a shell is started without anybody's settings, and made ready.
struct Shell {
  std::string name;
  Words command;
  Words setup;
};

std::vector<Shell> shells() {
  // The prompt is put together, so that what is typed is not taken for it.
  return {{"bash", {"bash", "--norc", "--noprofile", "-i"}, {"PS1='REA''DY> '", "source ./script"}},
          {"zsh",
           {"zsh", "-f", "-i"},
           {"PS1='REA''DY> '", "unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D -u",
            "source ./script"}},
          {"fish",
           {"fish", "--no-config", "-i"},
           {"function fish_prompt; printf 'REA%s' 'DY> '; end", "source ./script"}}};
}

/// Types `keys` at a shell in `folder`, and gives what is on the screen when `end` is there.
void type_in(const Shell& shell, const std::string& folder, const std::string& keys, const std::string& end) {
  std::filesystem::create_directory(folder + "/home");
  std::ofstream(folder + "/script") << script_of(shell.name);
  const std::string path =
      std::filesystem::path(BALLAST_COMMAND).parent_path().string() + ":" + std::getenv("PATH");
  OnTerminal terminal(shell.command,
                      {.width = 200,
                       .environment = {{"PATH", path}, {"HOME", folder + "/home"}, {"LC_ALL", "C.UTF-8"}},
                       .folder = folder});
  for (const std::string& line : shell.setup) {
    terminal.type(line + "\n");
    ASSERT_TRUE(terminal.wait_for("READY> "));
  }
  terminal.type(keys);
  EXPECT_TRUE(terminal.wait_for(end)) << shell.name;
}

TEST(Completion, TheTabulatorWritesALine) {
  for (const Shell& shell : shells()) {
    if (!is_installed(shell.name)) {
      std::cout << "skipped: " << shell.name << " not installed\n";
      continue;
    }
    const std::string folder = scratch_folder();
    std::filesystem::copy_file(kLenet, folder + "/lenet.pth");
    // show, the file, --filter features.0.weight, --sort size, --json: all of them by their beginnings.
    type_in(shell, folder, "ballast sho\t len\t --fi\t features.0.w\t --so\t si\t --js\t\n",
            "\"filter\": \"features.0.weight\"");
    type_in(shell, folder, "ballast hist len\t classifier.5.b\t --js\t\n", "\"name\": \"classifier.5.bias\"");
    type_in(shell, folder, "ballast show len\t --columns=name,dty\t --sort=na\t\n",
            "classifier.1.bias    float32");
  }
}

TEST(Completion, WhatAFileHoldsIsNeverRun) {
  const TemporaryFolder folder;
  std::string body = "}(";
  for (const char* name : {"a$(touch pwned)", "a`touch pwned`", "a;touch pwned", "a\ntouch pwned\n", "a b",
                           "--json", "a'b", "a*", "\x1b[2J", "", "aok.weight"})
    body += text(name) + tensor(1, {1}, {1});
  static_cast<void>(folder.file("x.pth", checkpoint_of(pickle(body + "u"), {"1234"})));
  const Outcome names = ballast_command({"complete-names", "", "x.pth"}, folder.path());
  EXPECT_EQ(names.out, "aok.weight\n");
  for (const Shell& shell : shells()) {
    if (!is_installed(shell.name)) continue;
    type_in(shell, folder.path(), "ballast hist x.pth a\t --js\t\n", "\"name\": \"aok.weight\"");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "pwned")) << shell.name;
    std::filesystem::remove_all(folder.path() / "home");
  }
}

TEST(CompleteNames, GoOnToTheNextDot) {
  const std::vector<std::string_view> names = {"encoder.layers.0.weight", "encoder.layers.0.bias",
                                               "encoder.layers.10.weight", "head.weight", "scale"};
  const std::pair<std::string, Words> cases[] = {
      {"", {"encoder.", "head.", "scale"}},
      {"e", {"encoder.layers.0.", "encoder.layers.10."}},
      {"encoder.layers.1", {"encoder.layers.10.weight"}},
      {"encoder.layers.0.", {"encoder.layers.0.weight", "encoder.layers.0.bias"}},
      {"scale", {"scale"}},
      {"x", {}},
  };
  for (const auto& [typed, parts] : cases) EXPECT_EQ(tool::next_parts(typed, names), parts) << typed;
}

TEST(CompleteNames, SayNothingOfWhatIsWrongWithAFile) {
  const Outcome outcome = ballast_command({"complete-names", "fea", "no.pth", kLenet});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.out, "features.0.\nfeatures.3.\n");
}

TEST(Completion, AWrongShellIsToldWhichOneWasMeant) {
  const std::pair<Words, std::string> cases[] = {
      {{"completion", "bsh"}, "SHELL: 'bsh' is none of bash, zsh, fish; did you mean bash?"},
      {{"completion"}, "SHELL is missing: ballast completion SHELL"},
      {{"completion", "bash", "zsh"}, "'zsh' is one argument too many: completion takes one argument"},
  };
  for (const auto& [arguments, says] : cases) {
    const Outcome outcome = ballast_command(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.error, "ballast: " + says + "\n");
  }
}

}  // namespace
}  // namespace ballast::testing
