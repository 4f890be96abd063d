// The options of `ballast show`, what is said when they are wrong, and the places that are no file.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ballast/core/sanitizer.h"

namespace ballast::testing {
namespace {

const std::string kZips = data_path("checkpoints/zip/");

/// The first word of each row of the table.
std::vector<std::string> names_shown(const std::string& out) {
  std::vector<std::string> names;
  std::istringstream lines(out);
  bool in_table = false;
  for (std::string line; std::getline(lines, line);) {
    if (in_table && line.empty()) break;
    if (in_table) names.push_back(line.substr(0, line.find(' ')));
    in_table = in_table || line.starts_with("name ");
  }
  return names;
}

using Names = std::vector<std::string>;

Names shown_with(const std::vector<std::string>& options, const std::string& file = "mlp.pth") {
  std::vector<std::string> arguments = {"show", kZips + file};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Outcome outcome = ballast_command(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  return names_shown(outcome.out);
}

TEST(ShowOptions, FilterSortAndDepthChooseOrderAndFold) {
  const std::pair<std::vector<std::string>, Names> cases[] = {
      {{}, {"0.weight", "0.bias", "2.weight", "2.bias"}},
      {{"--filter", "*.bias"}, {"0.bias", "2.bias"}},
      {{"--filter=0.*"}, {"0.weight", "0.bias"}},
      {{"--filter", "[!0].b*"}, {"2.bias"}},
      {{"--filter", "bias"}, {}},
      {{"--filter", ""}, {}},
      {{"--sort", "name"}, {"0.bias", "0.weight", "2.bias", "2.weight"}},
      {{"--sort", "size"}, {"0.weight", "0.bias", "2.weight", "2.bias"}},
      {{"--depth", "0"}, {"*"}},
      {{"--depth", "1"}, {"0.*", "2.*"}},
      {{"--depth", "2"}, {"0.weight", "0.bias", "2.weight", "2.bias"}},
      {{"--depth", "9999"}, {"0.weight", "0.bias", "2.weight", "2.bias"}},
      {{"--filter", "*.bias", "--depth", "1"}, {"0.bias", "2.bias"}},
      {{"--sort", "name", "--filter", "2*"}, {"2.bias", "2.weight"}},
      {{"--sort", "size", "--filter", "*.bias", "--hash"}, {"0.bias", "2.bias"}},
  };
  for (const auto& [options, names] : cases)
    EXPECT_EQ(shown_with(options), names) << ::testing::PrintToString(options);
  std::cout << "[ cases ] " << std::size(cases) << " combinations of options\n";
}

TEST(ShowOptions, SortingBySizeIsByBytesAndKeepsTheOrderOfEquals) {
  EXPECT_EQ(shown_with({"--sort", "size"}, "scalars_and_empties.pth"),
            (Names{"scalar_i64", "eight_d", "scalar_f32", "one", "scalar_bool", "empty", "empty_2d",
                   "empty_middle"}));
}

TEST(ShowOptions, JsonIsFilteredAndSortedAndNotFolded) {
  const Json json = shown_json({kZips + "mlp.pth", "--sort", "name", "--filter", "*.bias", "--depth", "0"});
  ASSERT_EQ(json["tensors"].size(), 2u);
  EXPECT_EQ(json["tensors"][0]["name"], "0.bias");
  EXPECT_EQ(json["totals"]["parameters"], 9);
}

TEST(ShowOptions, DepthFoldsTheTreeToo) {
  const Outcome outcome = ballast_command({"show", kZips + "training.pth", "--depth", "1"});
  EXPECT_NE(outcome.out.find("\n  optimizer_state_dict: dict of 2, 18 tensors\n"), std::string::npos)
      << outcome.out;
  EXPECT_EQ(outcome.out.find("param_groups"), std::string::npos);
  EXPECT_NE(outcome.out.find("\n  args: dict of 7\n"), std::string::npos);
}

TEST(ShowOptions, OptionsStandAnywhereAndTwoDashesEndThem) {
  const std::string file = kZips + "mlp.pth";
  const Outcome plain = ballast_command({"show", file, "--json"});
  EXPECT_EQ(ballast_command({"show", "--json", file}).out, plain.out);
  EXPECT_EQ(ballast_command({"show", "--json", "--", file}).out, plain.out);
  const TemporaryFolder folder;
  static_cast<void>(folder.file("--json", checkpoint_of(pickle("N"))));
  EXPECT_EQ(ballast_command({"show", "--", "--json"}, folder.path()).status, 0);
}

TEST(ShowOptions, WhatIsWrongIsSaidInOneLineWithWhatIsMeant) {
  const std::string file = kZips + "mlp.pth";
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{}, "a command is missing, such as: ballast show model.pth (ballast --help lists them)"},
      {{"shwo", file}, "'shwo' is no command; did you mean show?"},
      {{"help"}, "'help' is no command; did you mean --help?"},
      {{"frobnicate"}, "'frobnicate' is no command (ballast --help lists them)"},
      {{""}, "'' is no command (ballast --help lists them)"},
      {{file}, "'" + file + "' is no command; to see the file: ballast show " + file},
      {{"--versoin"}, "--versoin is no option of ballast; did you mean --version?"},
      {{"show"}, "a file is missing: ballast show FILE..."},
      {{"show", "--json"}, "a file is missing: ballast show FILE..."},
      {{"match", file, file, "b.pth"}, "'b.pth' is one argument too many: match takes two files"},
      {{"match", file, file, "--", "--json"}, "'--json' is one argument too many: match takes two files"},
      {{"match", file}, "a file is missing: ballast match CHECKPOINT MODEL"},
      {{"show", file, "--jsn"}, "--jsn is no option of show; did you mean --json?"},
      {{"show", "--hahs"}, "--hahs is no option of show; did you mean --hash?"},
      {{"show", file, "--flter=x"}, "--flter is no option of show; did you mean --filter?"},
      {{"show", file, "-x"},
       "-x is no option of show (it has --help, --tree, --columns, --sort, --depth, --filter, --hash, "
       "--json, "
       "--color, --quiet)"},
      {{"show", file, "--json=no"}, "--json takes no value"},
      {{"show", file, "--filter"}, "--filter needs a value"},
      {{"show", file, "--filter", "a", "--filter", "b"}, "--filter is given more than once"},
      {{"show", file, "--sort", "siez"}, "--sort: 'siez' is none of name, size; did you mean size?"},
      {{"show", file, "--sort", "colour"}, "--sort: 'colour' is none of name, size"},
      {{"show", file, "--sort"}, "--sort needs a value"},
      {{"show", file, "--depth", "-1"}, "--depth: '-1' is no number from 0 to 9999"},
      {{"show", file, "--depth", "two"}, "--depth: 'two' is no number from 0 to 9999"},
      {{"show", file, "--depth", "10000"}, "--depth: '10000' is no number from 0 to 9999"},
      {{"show", file, "--depth", ""}, "--depth: '' is no number from 0 to 9999"},
      {{"show", file, "--color", "allways"},
       "--color: 'allways' is none of auto, always, never; did you mean always?"},
      {{"show", file, "--sort", "x\n\x1b[2J"}, "--sort: 'x\\n\\x1b[2J' is none of name, size"},
  };
  for (const auto& [arguments, says] : cases) {
    const Outcome outcome = ballast_command(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.error, "ballast: " + says + "\n");
  }
  std::cout << "[ cases ] " << std::size(cases) << " command lines\n";
}

TEST(ShowOptions, WhatIsNoFileIsNamed) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder.path() / "broken");
  const std::pair<std::string, std::string> cases[] = {
      {"no.pth", "no.pth: cannot open it: No such file or directory"},
      {"", ": cannot open it: No such file or directory"},
      {".",
       ".: a folder of 0 files without a model: neither an index of shards, nor a file that ends in "
       ".safetensors, .gguf, "
       ".pth, .pt, .bin, .ckpt, .npz, .npy, .pt2, .tar"},
      {"pipe", "pipe: this is a pipe, not a checkpoint file"},
      {"broken", "broken: cannot open it: No such file or directory"},
      {"/dev/null", "/dev/null: this is a device, not a checkpoint file"},
      {"/dev/zero", "/dev/zero: this is a device, not a checkpoint file"},
      {std::string(300, 'x'), std::string(300, 'x') + ": cannot open it: File name too long"},
  };
  for (const auto& [file, says] : cases) {
    const Outcome outcome = ballast_command({"show", file}, folder.path());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.error, "ballast: " + says + "\n");
    EXPECT_LT(outcome.seconds, kUnderSanitizer ? 20 : 2);
  }
  std::cout << "[ cases ] " << std::size(cases) << " places\n";
}

TEST(ShowOptions, ALinkToAFileIsTheFile) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(kZips + "mlp.pth", folder.path() / "link.pth");
  EXPECT_EQ(ballast_command({"show", "link.pth"}, folder.path()).status, 0);
}

TEST(ShowOptions, HelpAndVersionGoToStandardOutput) {
  const Outcome version = ballast_command({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_EQ(version.out, "ballast " BALLAST_VERSION "\n");
  EXPECT_EQ(version.error, "");

  const Outcome help = ballast_command({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("Usage: ballast"), std::string::npos);
  EXPECT_NE(help.out.find("\n  show "), std::string::npos);
  EXPECT_NE(help.out.find("ballast show model.pth"), std::string::npos) << "an example";
  EXPECT_EQ(ballast_command({"-h"}).out, help.out);

  const Outcome show = ballast_command({"show", "--help"});
  EXPECT_EQ(show.status, 0);
  EXPECT_NE(show.out.find("Usage: ballast show [OPTIONS] FILE..."), std::string::npos) << show.out;
  EXPECT_NE(show.out.find("ballast show model.pth --filter '*.bias' --sort size"), std::string::npos)
      << "an example";
  for (const char* option : {"--tree", "--columns NAME,...", "--color auto|always|never", "--quiet", "--json",
                             "--hash", "--filter GLOB", "--sort name|size", "--depth N"}) {
    EXPECT_NE(show.out.find(option), std::string::npos) << option;
  }
  std::istringstream lines(show.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110u) << line;
}

/// The exit status of a shell command line with $BALLAST in it, and what it printed.
std::pair<int, std::string> shell(const std::string& line) {
  std::string out;
  FILE* pipe = ::popen(("BALLAST='" BALLAST_COMMAND "'; { " + line + "; } 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "cannot run a shell"};
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  return {WEXITSTATUS(::pclose(pipe)), out};
}

TEST(ShowOptions, AReaderThatLeavesEarlyEndsItQuietly) {
  // More than a pipe holds, so that writing goes on after the reader has left.
  std::string body = "}(";
  for (int i = 0; i < 3000; ++i) body += text(fmt::format("{:0100}", i)) + tensor(1, {1}, {1});
  const TemporaryFolder folder;
  const std::string file = folder.file("long.pth", checkpoint_of(pickle(body + "u"), {"1234"})).string();
  for (const char* options : {"", " --json"}) {
    const auto [status, out] =
        shell("{ \"$BALLAST\" show " + file + options + "; echo status $? >&2; } | head -n 1");
    EXPECT_EQ(status, 0);
    EXPECT_NE(out.find("status 0"), std::string::npos) << out;
    EXPECT_EQ(std::ranges::count(out, '\n'), 2) << out;
  }
}

TEST(ShowOptions, AFullDiskIsAnError) {
  const auto [status, out] = shell("\"$BALLAST\" show " + kZips + "mlp.pth > /dev/full");
  EXPECT_EQ(status, 2);
  EXPECT_EQ(out, "ballast: standard output: cannot write it: No space left on device\n");
}

TEST(ShowOptions, AnErrorThatNobodyCanReadIsStillTwo) {
  for (const char* nowhere : {">&-", "2>&-", ">&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"}) {
    EXPECT_EQ(shell("\"$BALLAST\" show no.pth " + std::string(nowhere)).first, 2) << nowhere;
  }
  EXPECT_EQ(shell("\"$BALLAST\" show " + kZips + "mlp.pth >&- 2>&-").first, 2);
}

TEST(ShowOptions, AFileIsNotWaitedForNorChanged) {
  const TemporaryFolder folder;
  const std::string bytes = read_file(kZips + "mlp.pth");
  const auto file = folder.file("a.pth", bytes);
  std::filesystem::permissions(file, std::filesystem::perms(0400));
  EXPECT_EQ(ballast_command({"show", file.string(), "--hash"}).status, 0);
  EXPECT_EQ(read_file(file.string()), bytes);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace ballast::testing
