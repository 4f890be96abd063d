// `ballast match` as a user runs it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/checkpoint/craft.h"
#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace ballast::testing {
namespace {

const std::string kPairs = data_path("match/");
const std::string kZips = data_path("checkpoints/zip/");

Outcome match_of(const std::string& checkpoint, const std::string& model,
                 std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"match", checkpoint, model});
  return ballast_command(options);
}

Json json_of(const std::string& checkpoint, const std::string& model, std::vector<std::string> options = {}) {
  options.emplace_back("--json");
  const Outcome outcome = match_of(checkpoint, model, options);
  Json json = Json::parse(outcome.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << outcome.out << outcome.error;
  EXPECT_EQ(outcome.status, json.is_discarded() || !json["fits"].get<bool>() ? 1 : 0);
  return json.is_discarded() ? Json() : json;
}

/// What stands behind "use " in the text: options that would help.
std::string advice(const std::string& text) {
  const std::size_t at = text.find("\n  use ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + std::string("\n  use ").size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

/// The exit status of a shell command line with $BALLAST in it.
int shell_status(const std::string& line) {
  FILE* pipe = ::popen(("BALLAST='" BALLAST_COMMAND "'; " + line + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return -1;
  while (std::fgetc(pipe) != EOF) {
  }
  return WEXITSTATUS(::pclose(pipe));
}

TEST(MatchCommand, ExitStatusSaysWhetherItFits) {
  struct Case {
    std::string checkpoint, model;
    std::vector<std::string> options;
    int status;
  };
  const std::string mine = kPairs + "mine.pth";
  const Case cases[] = {
      {mine, mine, {}, 0},
      {kPairs + "trained_ddp.pth", mine, {}, 1},
      {kPairs + "trained_ddp.pth", mine, {"--strip-prefix", "module."}, 1},
      {kPairs + "encoder.pth", mine, {"--add-prefix", "encoder."}, 1},
      {mine, kPairs + "encoder.pth", {"--filter", "encoder.*", "--strip-prefix", "encoder."}, 0},
      {mine, kPairs + "encoder.pth", {"--filter=encoder.*", "--rename=encoder.="}, 0},
      {kPairs + "other_names.pth",
       mine,
       {"--rename", "/blocks/=layers", "--rename", "/\\.attention\\./=.attn.", "--rename", "/gamma$/=weight",
        "--rename", "/beta$/=bias"},
       0},
      {kPairs + "tied.pth", kPairs + "tied.pth", {}, 0},
      {kPairs + "tied_once.pth", kPairs + "tied.pth", {}, 1},
      {kPairs + "transposed.pth", mine, {}, 1},
      {"no.pth", mine, {}, 2},
      {mine, "no.pth", {}, 2},
      {mine, kPairs + "README.md", {}, 2},
  };
  for (const Case& c : cases) {
    for (const bool quiet : {false, true}) {
      std::vector<std::string> options = c.options;
      if (quiet) options.emplace_back("--quiet");
      const Outcome outcome = match_of(c.checkpoint, c.model, options);
      EXPECT_EQ(outcome.status, c.status) << outcome.out << outcome.error;
      EXPECT_EQ(outcome.out.empty(), quiet || c.status == 2);
      EXPECT_EQ(outcome.error.empty(), c.status != 2);
    }
  }
  std::cout << "[ cases ] " << 2 * std::size(cases) << " pairs\n";
}

TEST(MatchCommand, AdviceCanBeTakenAsItStands) {
  const std::string mine = kPairs + "mine.pth";
  int cases = 0;
  const auto try_advice = [&](const std::string& checkpoint, const std::string& model, bool fits_then) {
    const std::string options = advice(match_of(checkpoint, model).out);
    ASSERT_NE(options, "") << checkpoint;
    const std::string line = "\"$BALLAST\" match '" + checkpoint + "' '" + model + "' ";
    EXPECT_EQ(shell_status(line + options), fits_then ? 0 : 1) << options;
    EXPECT_EQ(shell_status(line + options + " | grep -q 'what would help'"), 1) << "nothing more to advise";
    ++cases;
  };
  try_advice(kPairs + "trained_ddp.pth", mine, false);  // another number of classes
  try_advice(kPairs + "other_names.pth", mine, true);
  try_advice(mine, kPairs + "other_names.pth", true);
  try_advice(kPairs + "encoder.pth", mine, false);  // no head
  const TemporaryFolder folder;
  const auto listing = [&](const std::string& prefix) {
    Json json;
    for (const char* name : {"a.weight", "a.bias", "b.weight"}) {
      json["tensors"].push_back({{"name", prefix + name}, {"shape", {2, 3}}});
    }
    return folder.file("listing" + std::to_string(cases) + (prefix.empty() ? "plain" : ""), json.dump())
        .string();
  };
  for (const std::string prefix :
       {"module.", "it's.", "a b.", "$HOME.", "*.", "\\n.", "/x/.", "-x.", "\xc3\xa9."}) {
    SCOPED_TRACE(prefix);
    const std::string with = listing(prefix), without = listing("");
    try_advice(with, without, true);
  }
  std::cout << "[ cases ] " << cases << " pieces of advice\n";
}

TEST(MatchCommand, JsonSaysWhatTheTextSays) {
  const Json json = json_of(kPairs + "trained_ddp.pth", kPairs + "mine.pth");
  EXPECT_EQ(json["fits"], false);
  EXPECT_EQ(json["file_names"], 27);
  EXPECT_EQ(json["missing"].size(), 27u);
  EXPECT_EQ(json["missing"][0]["name"], "encoder.embed.weight");
  EXPECT_EQ(json["missing"][0]["model_shape"], Json({12, 4}));
  EXPECT_EQ(json["missing"][0]["cured"], true);
  EXPECT_EQ(json["unexpected"][0]["file_name"], "module.encoder.embed.weight");
  ASSERT_EQ(json["cures"].size(), 1u);
  EXPECT_EQ(json["cures"][0]["kind"], "strip_prefix");
  EXPECT_EQ(json["cures"][0]["from"], "module.");
  EXPECT_EQ(json["cures"][0]["names"], 27);
  EXPECT_EQ(json["cures"][0]["fits"], 25);
  EXPECT_EQ(json["rules_with_cures"], Json({{"strip_prefix", "module."}}));

  const Json stripped =
      json_of(kPairs + "trained_ddp.pth", kPairs + "mine.pth", {"--strip-prefix", "module."});
  EXPECT_EQ(stripped["loaded"].size(), 25u);
  EXPECT_EQ(stripped["loaded"][0]["file_dtype"], "float16");
  EXPECT_EQ(stripped["dtype_changes"][0]["exact"], true);
  ASSERT_EQ(stripped["shape_mismatches"].size(), 2u);
  EXPECT_EQ(stripped["shape_mismatches"][0]["cause"], "first_size");
  EXPECT_EQ(stripped["shape_mismatches"][0]["file_shape"], Json({10, 4}));
  EXPECT_TRUE(stripped["cures"].empty());

  const Json turned = json_of(kPairs + "transposed.pth", kPairs + "mine.pth");
  EXPECT_EQ(turned["shape_mismatches"][0]["cause"], "transposed");
  EXPECT_EQ(turned["shape_mismatches"][1]["cause"], "sizes_of_one");

  const Json tied = json_of(kPairs + "tied_once.pth", kPairs + "tied.pth");
  EXPECT_EQ(tied["ties"][0]["tied_in"], "given_once");
  EXPECT_EQ(tied["ties"][0]["names"], Json({"embedding.weight", "decoder.weight"}));
}

TEST(MatchCommand, EveryCheckpointFitsItselfAlsoAsAListing) {
  const TemporaryFolder folder;
  int cases = 0, refused = 0;
  for (const GoldenCheckpoint& c : golden_checkpoints()) {
    SCOPED_TRACE(c.name);
    const Outcome whole = match_of(c.path, c.path);
    if (whole.status == 2) {
      EXPECT_EQ(std::ranges::count(whole.error, '\n'), 1) << whole.error;
      ++refused;
      continue;
    }
    EXPECT_EQ(whole.status, 0) << whole.out;
    // A state dict of names without the path that leads to it is what is listed here.
    const Json shown = shown_json({c.path});
    const std::string listing = folder.file("listing.json", shown.dump()).string();
    const Outcome listed = match_of(listing, listing);
    EXPECT_EQ(listed.status, 0) << listed.out << listed.error;
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " checkpoints, " << refused << " refused\n";
  EXPECT_GT(cases, 50);
}

TEST(MatchCommand, AListingStandsForItsCheckpoint) {
  const TemporaryFolder folder;
  const auto listing = [&](const std::string& name) {
    return folder.file(name + ".json", ballast_command({"show", kPairs + name, "--json"}).out).string();
  };
  const auto without_first_line = [](const std::string& text) { return text.substr(text.find('\n')); };
  for (const std::string name : {"other_names.pth", "encoder.pth", "transposed.pth", "mine.pth"}) {
    const std::string expected = without_first_line(match_of(kPairs + name, kPairs + "mine.pth").out);
    EXPECT_EQ(without_first_line(match_of(listing(name), kPairs + "mine.pth").out), expected);
    EXPECT_EQ(without_first_line(match_of(kPairs + name, listing("mine.pth")).out), expected);
  }
  const std::string ties = without_first_line(match_of(kPairs + "tied_once.pth", kPairs + "tied.pth").out);
  EXPECT_EQ(without_first_line(match_of(listing("tied_once.pth"), listing("tied.pth")).out), ties);
}

TEST(MatchCommand, NamesThatAreHostileAreShownEscaped) {
  const TemporaryFolder folder;
  const std::string name = "evil\x1b[2J\n\xe2\x80\xae";
  const std::string file =
      folder.file("a.pth", checkpoint_of(pickle("}" + text(name) + tensor(1, {1}, {1}) + "s"), {"1234"}))
          .string();
  const std::string other =
      folder
          .file("b.pth", checkpoint_of(pickle("}" + text(name + "x") + tensor(1, {1}, {1}) + "s"), {"1234"}))
          .string();
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--json"}, {"--rename", "evil=good"}, {"--strip-prefix", name}}) {
    const Outcome outcome = match_of(file, other, options);
    EXPECT_EQ(outcome.status, 1) << outcome.error;
    const bool json = !options.empty() && options.front() == "--json";  // which keeps characters as they are
    for (const char c : outcome.out) {
      const auto byte = static_cast<unsigned char>(c);
      EXPECT_TRUE(c == '\n' || (byte >= ' ' && byte < (json ? 0xFF : 0x7F))) << outcome.out;
    }
  }
}

TEST(MatchCommand, WhatIsWrongIsSaidInOneLine) {
  const std::string mine = kPairs + "mine.pth";
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"match"}, "a file is missing: ballast match CHECKPOINT MODEL"},
      {{"match", mine}, "a file is missing: ballast match CHECKPOINT MODEL"},
      {{"match", mine, mine, "c.pth"}, "'c.pth' is one argument too many: match takes two files"},
      {{"match", mine, mine, "--strip"},
       "--strip is no option of match (it has --help, --strip-prefix, --add-prefix, "
       "--rename, --filter, --json, --quiet)"},
      {{"match", mine, mine, "--renam=a=b"}, "--renam is no option of match; did you mean --rename?"},
      {{"match", mine, mine, "--rename", "a"}, "--rename: 'a' has no =, as in encoder.=trunk."},
      {{"match", mine, mine, "--rename", "/(/=a"}, "--rename: '(' is no regular expression: missing ): ("},
      {{"match", mine, mine, "--rename", "/a/=$1"},
       "--rename: '$1' asks for group 1 of a pattern that has 0"},
      {{"match", mine, mine, "--rename"}, "--rename needs a value"},
      {{"match", mine, mine, "--filter", "a", "--filter", "b"}, "--filter is given more than once"},
      {{"match", mine, mine, "--json=no"}, "--json takes no value"},
      {{"match", mine, mine, "--rename", "/[.].*/="},
       "the rules give 'encoder.embed.weight' and 'encoder.layers.0.attn.qkv.weight' one name, 'encoder'"},
      {{"match", "no.pth", mine}, "no.pth: cannot open it: No such file or directory"},
      {{"mtach", mine, mine}, "'mtach' is no command; did you mean match?"},
  };
  for (const auto& [arguments, says] : cases) {
    const Outcome outcome = ballast_command(arguments);
    EXPECT_EQ(outcome.status, 2) << says;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.error, "ballast: " + says + "\n");
  }
  std::cout << "[ cases ] " << std::size(cases) << " command lines\n";
}

TEST(MatchCommand, AFilterThatMatchesNothingIsToldWhatIsNear) {
  const std::string mine = kPairs + "mine.pth";
  const Outcome near = match_of(mine, mine, {"--filter", "encodr.*"});
  EXPECT_EQ(near.status, 1);
  EXPECT_EQ(near.error,
            "ballast: " + mine + ": no name matches encodr.*; the nearest name is encoder.embed.weight\n");
  for (const std::vector<std::string>& options : {std::vector<std::string>{"--filter", "zzz"},
                                                  {"--filter", "encoder.*"},
                                                  {"--filter", "encodr.*", "--quiet"}})
    EXPECT_EQ(match_of(mine, mine, options).error, "");
}

TEST(MatchCommand, ListingsThatAreNoneAreRefusedWithThePlace) {
  const TemporaryFolder folder;
  const std::pair<std::string, std::string> cases[] = {
      {"{", ": this is no JSON document from here on (at byte 1)"},
      {"{}", ": a listing has an array \"tensors\", as ballast show --json prints it"},
      {"{\"tensors\": 1}", ": a listing has an array \"tensors\", as ballast show --json prints it"},
      {"{\"tensors\": [{}]}", ": an entry of \"tensors\" lacks its \"name\" or its \"shape\""},
      {"{\"tensors\": [{\"name\": \"a\"}]}", ": an entry of \"tensors\" lacks its \"name\" or its \"shape\""},
      {"{\"tensors\": [{\"name\": \"a\", \"shape\": [-1]}]}", ": a size of -1 in the listing"},
      {"{\"tensors\": [{\"name\": \"a\", \"shape\": [1.5]}]}", ": a size of 1.5 in the listing"},
      {"{\"tensors\": [{\"name\": \"a\", \"shape\": [18446744073709551615]}]}",
       ": a size of 18446744073709551615 in the listing"},
      {"{\"tensors\": [{\"name\": \"a\", \"shape\": [" + std::string(200, '1') + "]}]}",
       ": a size of " + std::string(200, '1') + " in the listing"},
      {"{\"tensors\": [{\"name\": \"a\", \"shape\": []}, {\"name\": \"a\", \"shape\": []}]}", ""},
      {"{\"x\": " + std::string(1'000'000, '['), ": this is no JSON document from here on (at byte 1000006)"},
  };
  for (const auto& [content, says] : cases) {
    const std::string file = folder.file("listing.json", content).string();
    const Outcome outcome = match_of(file, file);
    EXPECT_EQ(outcome.status, 2) << content.substr(0, 100);
    const std::string expected = says.empty() ? "the model has the name 'a' twice" : file + says;
    EXPECT_EQ(outcome.error, "ballast: " + expected + "\n");
  }
  // What is nested around the tensors, or stands in them, goes by.
  const std::string odd =
      folder
          .file("odd.json",
                "\n { \"data\": {\"tensors\": [{\"no\": [[]]}]}, \"tensors\": [{\"shape\": [2], "
                "\"x\": {\"name\": \"no\", \"shape\": [3]}, \"name\": \"a\", \"dtype\": null}]}")
          .string();
  const Json json = json_of(odd, odd);
  ASSERT_EQ(json["loaded"].size(), 1u);
  EXPECT_EQ(json["loaded"][0]["name"], "a");
  EXPECT_EQ(json["loaded"][0]["file_shape"], Json({2}));
  std::cout << "[ cases ] " << std::size(cases) + 1 << " listings\n";
}

TEST(MatchCommand, HostileFilesAreRefusedInOneLine) {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_path("hostile"))) {
    if (!entry.is_regular_file()) continue;
    const Outcome outcome = match_of(entry.path().string(), kPairs + "mine.pth");
    EXPECT_LE(outcome.status, 2) << entry.path();
    const auto lines = std::ranges::count(outcome.error, '\n');
    EXPECT_EQ(lines, outcome.status == 2 ? 1 : 0) << outcome.error;
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " files of tests/data/hostile\n";
  EXPECT_GT(cases, 50);
}

TEST(MatchCommand, AllTensorsStandInWhereThereIsNoStateDict) {
  const Json json = json_of(kZips + "list_of_tensors.pth", kZips + "list_of_tensors.pth");
  EXPECT_GT(json["loaded"].size(), 0u);
  EXPECT_EQ(json["loaded"][0]["name"], "0");
}

TEST(MatchCommand, HelpShowsAnExampleAndTheStatuses) {
  const Outcome help = ballast_command({"match", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("Usage: ballast match [OPTIONS] CHECKPOINT MODEL"), std::string::npos) << help.out;
  EXPECT_NE(help.out.find("ballast match ddp.pth mine.pth --strip-prefix module."), std::string::npos);
  EXPECT_NE(help.out.find("Exit status: 0 fits wholly, 1 does not, 2 with one line"), std::string::npos);
  std::istringstream lines(help.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 115u) << line;
}

}  // namespace
}  // namespace ballast::testing
