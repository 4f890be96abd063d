// `ballast check`: each finding has a checkpoint made to have it, and one made to look like it without having it.
#include <cmath>
#include <iostream>
#include <limits>

#include "tests/tools/command.h"
#include "tests/tools/sample_files.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Entries = std::vector<std::pair<std::string, Tensor>>;

Json checked(const std::vector<std::string>& arguments, int* status = nullptr) {
  std::vector<std::string> all{"check", "--json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Outcome outcome = ballast_command(all);
  if (status != nullptr) *status = outcome.status;
  EXPECT_EQ(outcome.error, "");
  return Json::parse(outcome.out)["files"];
}

std::vector<std::string> problems(const Json& file) {
  std::vector<std::string> names;
  for (const Json& f : file["findings"]) names.push_back(f["problem"]);
  return names;
}

struct Case {
  const char* problem;
  const char* severity;
  Entries sick, lookalike;
};

std::vector<Case> cases() {
  const Tensor w = layer_weights(12, 10);
  const std::vector<double> zeros(120, 0), halves(120, 0.5);
  std::vector<std::pair<std::size_t, double>> row, column, nearly;
  for (std::size_t i = 0; i < 10; ++i)
    row.emplace_back(30 + i, 0), nearly.emplace_back(30 + i, i == 4 ? 1e-3 : 0);
  for (std::size_t i = 0; i < 12; ++i) column.emplace_back(10 * i + 3, 0);
  std::vector<double> tiny(200, 0.5);
  std::fill_n(tiny.begin(), 30, 1e-9);
  std::vector<double> tinier(200, 0.5);
  std::fill_n(tinier.begin(), 30, 1e-42);
  std::vector<double> one(200, 0.5);
  one[7] = 1e-42;
  const auto count = [](double n) { return numbers({n}, {}, kInt64); };
  return {
      {"not-finite",
       "error",
       {{"0.weight", edited(w, 1, {{5, kNan}})}},
       {{"mask", numbers({0, -kInf, 0, 0}, {2, 2})}, {"0.bias", numbers({3.0e4, -3.0e4}, {2})}}},
      {"all-zero",
       "warning",
       {{"0.weight", numbers(zeros, {12, 10})}},
       {{"0.bias", numbers(zeros, {120})}, {"1.lora_B.weight", numbers(zeros, {12, 10})}}},
      {"constant",
       "warning",
       {{"0.weight", numbers(halves, {12, 10})}},
       {{"norm.weight", numbers(halves, {120})}}},
      {"dead-rows",
       "warning",
       {{"0.weight", edited(w, 1, row)}},
       {{"0.weight", edited(w, 1, nearly)}, {"embed.weight", edited(w, 1, row)}}},
      {"dead-columns",
       "warning",
       {{"0.weight", edited(w, 1, column)}},
       {{"0.weight", edited(w, 1, {{3, 0}, {13, 0}})}}},
      {"exploding",
       "warning",
       {{"0.weight", edited(w, 300)}},
       {{"0.weight", edited(w, 30)}, {"0.bias", numbers({500, -500}, {2})}}},
      {"vanishing", "warning", {{"0.weight", edited(w, 1e-3)}}, {{"0.weight", edited(w, 0.05)}}},
      {"duplicate",
       "warning",
       {{"a.weight", w}, {"b.weight", edited(w, 1)}},
       {{"a.weight", w}, {"b.weight", w}, {"c.weight", edited(w, 1, {{0, 0.25}})}}},
      {"broken-tie",
       "warning",
       {{"embed_tokens.weight", w}, {"lm_head.weight", edited(w, 1.01)}},
       {{"embed_tokens.weight", w}, {"lm_head.weight", w}}},
      {"variance",
       "error",
       {{"bn.running_var", numbers({1, -0.5}, {2})}},
       {{"bn.running_var", numbers({1, 1e-6}, {2})}, {"bn.running_mean", numbers({0, -1}, {2})}}},
      {"overflows-float16", "warning", {{"x", numbers({1, 1e5}, {2})}}, {{"x", numbers({1, 65504}, {2})}}},
      {"overflows-bfloat16",
       "warning",
       {{"x", numbers({1, 3.4e38}, {2})}},
       {{"x", numbers({1, 3.3e38}, {2})}}},
      {"vanishes-in-float16", "note", {{"x", numbers(tiny, {200})}}, {{"x", numbers(one, {200})}}},
      {"vanishes-in-bfloat16", "note", {{"x", numbers(tinier, {200})}}, {{"x", numbers(one, {200})}}},
      {"counter",
       "error",
       {{"bn.num_batches_tracked", count(-3)}},
       {{"bn.num_batches_tracked", count(3)}, {"offset", count(-3)}}},
  };
}

TEST(Check, FindsEachProblemInAFileMadeToHaveItAndNotInOneThatLooksLikeIt) {
  const std::string folder = scratch_folder();
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.problem);
    int status = -1;
    const Json sick = checked({saved(folder, std::string(c.problem) + ".pth", c.sick)}, &status)[0];
    const std::vector<std::string> found = problems(sick);
    const auto at = std::ranges::find(found, c.problem);
    ASSERT_NE(at, found.end()) << sick.dump(1);
    EXPECT_EQ(sick["findings"][static_cast<std::size_t>(at - found.begin())]["severity"], c.severity);
    const std::string worst = sick["findings"][0]["severity"];
    EXPECT_EQ(status, worst == "note" ? 0 : 1);
    EXPECT_EQ(sick["status"], status);
    const Json healthy =
        checked({saved(folder, std::string(c.problem) + "_not.safetensors", c.lookalike)})[0];
    EXPECT_EQ(std::ranges::count(problems(healthy), c.problem), 0) << healthy.dump(1);
  }
  std::cout << "[ cases ] " << cases().size() << " problems, a sick and a healthy file each\n";
}

TEST(Check, SaysWhatIsWrongInALineEachAndOkWhereNothingIs) {
  const std::string folder = scratch_folder();
  const Tensor w = layer_weights(12, 10);
  (void)saved(folder, "bad.pth", {{"0.weight", edited(w, 1, {{5, kNan}})}, {"x", numbers({1, 1e5}, {2})}});
  (void)saved(folder, "good.pth", {{"0.weight", w}});
  const Outcome outcome = ballast_command({"check", "bad.pth", "good.pth"}, folder);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(
      outcome.out,
      "bad.pth: error: 0.weight: 1 of 120 values is NaN\n"
      "bad.pth: warning: x: 1 of 2 values would become infinite in float16; the largest magnitude is 100000\n"
      "good.pth: ok: torch-zip, 1 tensor, 120 parameters\n");
  EXPECT_EQ(ballast_command({"check", "--quiet", "good.pth"}, folder).status, 0);
  const Outcome quiet = ballast_command({"check", "--quiet", "bad.pth"}, folder);
  EXPECT_EQ(quiet.status, 1);
  EXPECT_EQ(quiet.out + quiet.error, "");
  const Outcome missing = ballast_command({"check", "bad.pth", "none.pth"}, folder);
  EXPECT_EQ(missing.status, 2);
  EXPECT_TRUE(missing.error.starts_with("ballast: none.pth: ")) << missing.error;
}

TEST(Check, TakesAFilterAndLeavesOutWhatIsIgnored) {
  const std::string folder = scratch_folder();
  const std::string path = saved(folder, "model.pth",
                                 {{"a.weight", layer_weights(12, 10)},
                                  {"b.weight", edited(layer_weights(12, 10), 1)},
                                  {"x", numbers({1, 1e-8, 0, 0}, {4})}});
  EXPECT_EQ(ballast_command({"check", path}).status, 1);
  EXPECT_EQ(ballast_command({"check", path, "--ignore", "duplicate"}).status, 0);
  EXPECT_EQ(ballast_command({"check", path, "--ignore", "duplicate", "--strict"}).status, 1);
  EXPECT_EQ(
      ballast_command({"check", path, "--ignore", "duplicate", "--ignore", "vanishes-in-float16", "--strict"})
          .status,
      0);
  EXPECT_EQ(ballast_command({"check", path, "--filter", "a.*"}).status, 0);
  const Outcome wrong = ballast_command({"check", path, "--ignore", "duplicates"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.error.find("did you mean duplicate?"), std::string::npos) << wrong.error;
  const Outcome nothing = ballast_command({"check", path, "--filter", "c.*"});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_NE(nothing.error.find("no name of its 3 tensors matches c.*"), std::string::npos) << nothing.error;
  const Outcome near = ballast_command({"check", path, "--filter", "b"});
  EXPECT_EQ(near.status, 2);
  EXPECT_TRUE(near.error.ends_with("a filter has to match the whole name\n")) << near.error;
}

TEST(Check, HostileFilesEndInALineAndNamesInEscapes) {
  const std::string folder = scratch_folder();
  const std::string path =
      saved(folder, "model.pth", {{"evil\x1b[2J\nweight", numbers(std::vector<double>(16, 0), {4, 4})}});
  const Outcome outcome = ballast_command({"check", path});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("evil\\x1b[2J\\nweight"), std::string::npos) << outcome.out;
  for (const Json& e : read_json("hostile/expected.json")) {
    const std::string file = data_path("hostile/" + e["file"].get<std::string>());
    const Outcome hostile = ballast_command({"check", file, "--quiet"});
    EXPECT_TRUE(hostile.status >= 0 && hostile.status <= 2)
        << file << ": " << hostile.status << hostile.error;
  }
}

}  // namespace
}  // namespace ballast::testing
