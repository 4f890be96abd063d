// `ballast diff`: what changed, and the exit status that says whether anything did.
#include <cmath>
#include <fstream>
#include <iostream>

#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include "tests/tools/sample_files.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

Json diff_json(std::vector<std::string> arguments, int status) {
  arguments.insert(arguments.begin(), {"diff", "--json"});
  const Outcome outcome = ballast_command(arguments);
  EXPECT_EQ(outcome.status, status) << outcome.error;
  return Json::parse(outcome.out);
}

TEST(Diff, ShowsEveryKindOfChange) {
  const std::string folder = scratch_folder();
  const Tensor w = layer_weights(3, 4), moved = layer_weights(5, 5, 7);
  (void)saved(folder, "a.pth",
              {{"body.0.weight", numbers({3, 0, 0, 4}, {2, 2})},
               {"body.0.bias", numbers({1, 1}, {2})},
               {"gone", numbers({1, 2, 3}, {3})},
               {"old.name", moved},
               {"flat", w},
               {"half", numbers({0.5}, {1})}});
  (void)saved(folder, "b.pth",
              {{"body.0.weight", numbers({3, 0, 0, 4.5}, {2, 2})},
               {"body.0.bias", numbers({1, 1}, {2})},
               {"new.name", moved},
               {"flat", w.alias({12}, {1}, 0)},
               {"half", numbers({0.5}, {1}, kFloat16)},
               {"come", numbers({1}, {1})}});
  const Outcome outcome = ballast_command({"diff", "a.pth", "b.pth"}, folder);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out,
            "A  a.pth: torch-zip, 6 tensors, 47 parameters\n"
            "B  b.pth: torch-zip, 6 tensors, 45 parameters\n"
            "\n"
            "only in A: 1\n"
            "  - gone\n"
            "\n"
            "only in B: 1\n"
            "  + come\n"
            "\n"
            "the same tensor under another name: 1\n"
            "  > old.name -> new.name\n"
            "\n"
            "of another shape: 1\n"
            "  ! flat  [3, 4] float32 -> [12] float32, the same elements\n"
            "\n"
            "of another type: 1\n"
            "  ! half  float32 -> float16\n"
            "\n"
            "of other values, those that moved most first: 1\n"
            "  name           changed  max abs   rms  relative    cosine\n"
            "  body.0.weight      25%      0.5  0.25       10%  0.998460\n"
            "\n"
            "layers that moved: 1\n"
            "  layer   tensors  max abs  relative\n"
            "  body.0   1 of 2      0.5     9.62%\n"
            "\n"
            "2 of 4 common tensors are the same; largest difference 0.5\n");
  const Json json = diff_json({folder + "/a.pth", folder + "/b.pth"}, 1);
  EXPECT_FALSE(json["same"].get<bool>());
  EXPECT_EQ(json["removed"], Json::parse(R"(["gone"])"));
  EXPECT_EQ(json["added"], Json::parse(R"(["come"])"));
  EXPECT_EQ(json["renamed"], Json::parse(R"([{"from": "old.name", "to": "new.name"}])"));
  EXPECT_EQ(json["reshaped"][0]["same_elements"], true);
  EXPECT_EQ(json["retyped"][0]["b_dtype"], "float16");
  EXPECT_EQ(json["tensors"].size(), 3u);
  EXPECT_DOUBLE_EQ(json["tensors"][0]["relative"], 0.1);
  EXPECT_EQ(json["layers"][0]["layer"], "body.0");
  EXPECT_EQ(ballast_command({"diff", "a.pth", "b.pth", "--quiet"}, folder).out, "");
  EXPECT_EQ(ballast_command({"diff", "a.pth", "b.pth", "--quiet"}, folder).status, 1);
}

TEST(Diff, IsSameOrNotByTheToleranceAndTheType) {
  const std::string folder = scratch_folder();
  const std::string a = saved(folder, "a.pth", {{"x", numbers({1, 2, 3}, {3})}});
  const std::string near = saved(folder, "near.pth", {{"x", numbers({1, 2, 3.001}, {3})}});
  const std::string wide = saved(folder, "wide.pth", {{"x", numbers({1, 2, 3}, {3}, kFloat64)}});
  const std::string nan = saved(folder, "nan.pth", {{"x", numbers({1, 2, std::nan("")}, {3})}});
  const auto status = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"diff", "--quiet"});
    return ballast_command(arguments).status;
  };
  EXPECT_EQ(status({a, a}), 0);
  EXPECT_EQ(status({a, near}), 1);
  EXPECT_EQ(status({a, near, "--rtol", "1e-3"}), 0);
  EXPECT_EQ(status({a, near, "--rtol", "1e-4"}), 1);
  EXPECT_EQ(status({a, near, "--atol", "0.0011"}), 0);
  EXPECT_EQ(status({a, wide}), 1);
  EXPECT_EQ(status({a, wide, "--ignore-types"}), 0);
  EXPECT_EQ(status({nan, nan}), 1);
  EXPECT_EQ(status({nan, nan, "--equal-nan"}), 0);
  EXPECT_EQ(status({a, folder + "/none.pth"}), 2);
  EXPECT_EQ(status({a, near, "--rtol", "-1"}), 2);
  EXPECT_EQ(status({a, near, "--filter", "y"}), 2);
}

TEST(Diff, ChangesNamesFirstIfAskedTo) {
  const std::string folder = scratch_folder();
  const std::string a = saved(
      folder, "a.pth", {{"module.enc.0.w", numbers({1, 2}, {2})}, {"module.b", numbers({1, 2, 3}, {3})}});
  const std::string b =
      saved(folder, "b.pth", {{"trunk.0.w", numbers({1, 2.5}, {2})}, {"b", numbers({1, 2, 3}, {3})}});
  const Outcome none = ballast_command({"diff", a, b});
  EXPECT_NE(none.out.find("no tensor of one has the name"), std::string::npos) << none.out;
  const Json json = diff_json({a, b, "--strip-prefix", "module.", "--rename", "enc.=trunk."}, 1);
  EXPECT_TRUE(json["removed"].empty() && json["added"].empty()) << json.dump(1);
  EXPECT_EQ(json["tensors"][0]["name"], "trunk.0.w");
  EXPECT_EQ(json["tensors"][0]["changed"], 1);
}

TEST(Diff, ShowsSomeOrAll) {
  std::vector<std::pair<std::string, Tensor>> x, y;
  for (int i = 0; i < 30; ++i) {
    x.emplace_back(fmt::format("l{}.w", i), numbers({1, 2}, {2}));
    y.emplace_back(fmt::format("l{}.w", i), numbers({1, 2.0 + i}, {2}));
  }
  const std::string folder = scratch_folder();
  const std::string a = saved(folder, "a.pth", x), b = saved(folder, "b.pth", y);
  const auto lines = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"diff", a, b});
    const Outcome outcome = ballast_command(arguments);
    return std::ranges::count(outcome.out, '\n');
  };
  const auto all = lines({"--all"});
  EXPECT_EQ(lines({"--limit", "5"}), all - 2 * (29 - 5) + 2);
  EXPECT_EQ(lines({}), all - 2 * (29 - 20) + 2);
  EXPECT_EQ(diff_json({a, b, "--limit", "5"}, 1)["tensors"].size(), 30u);
  EXPECT_EQ(diff_json({a, b, "--depth", "0"}, 1)["layers"].size(), 1u);
}

TEST(Diff, FindsThatTheTwoFormatsOfEveryGoldenFileHoldTheSame) {
  int files = 0;
  for (const GoldenCheckpoint& golden : golden_checkpoints()) {
    if (golden.path.find("/zip/") == std::string::npos) continue;
    std::string other = golden.path;
    other.replace(other.find("/zip/"), 5, "/legacy/");
    if (!std::ifstream(other).good()) continue;
    const Outcome outcome = ballast_command({"diff", golden.path, other, "--equal-nan", "--json"});
    const Json json = Json::parse(outcome.out);
    // A few files hold a tensor more in one format; all that both hold is the same.
    EXPECT_EQ(outcome.status, json["removed"].empty() && json["added"].empty() ? 0 : 1) << golden.name;
    for (const char* const change : {"renamed", "reshaped", "retyped", "unread"})
      EXPECT_TRUE(json[change].empty()) << golden.name;
    for (const Json& t : json["tensors"]) EXPECT_EQ(t["changed"], 0) << golden.name << ": " << t.dump();
    ++files;
  }
  std::cout << "[ cases ] " << files << " pairs of files\n";
  EXPECT_GT(files, 50);
}

}  // namespace
}  // namespace ballast::testing
