// `ballast stats` and `ballast hist`: the library's figures, as text and as JSON.
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>

#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include "tests/tools/sample_files.h"
#include "tools/ballast/files/sha256.h"
#include "tools/ballast/terminal/sparkline.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/dequantize.h"
#include "ballast/checkpoint/load.h"
#include "ballast/inspect/statistics.h"

namespace ballast::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Json json_of(const std::vector<std::string>& arguments) {
  const Outcome outcome = ballast_command(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  return Json::parse(outcome.out);
}

TEST(Stats, PrintsTheFiguresOfEachTensor) {
  const std::string folder = scratch_folder();
  (void)saved(folder, "m.pth",
              {{"a.weight", numbers({1, -2, 0, 5}, {2, 2})}, {"b", numbers({kNan, kInf, 7}, {3}, kFloat16)}});
  const Outcome outcome = ballast_command({"stats", "m.pth"}, folder);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out,
            "m.pth: torch-zip, 2 tensors, 7 parameters\n"
            "\n"
            "name      shape   dtype    mean    std  min  max     l2    zeros  nan  inf\n"
            "a.weight  [2, 2]  float32     1  2.944   -2    5  5.477  1 (25%)\n"
            "b         [3]     float16     7      -    7    7      7             1    1\n"
            "\n"
            "7 values: 1 zero, 1 NaN, 1 infinite, 0 subnormal\n");
  const Outcome sorted =
      ballast_command({"stats", "m.pth", "--sort", "l2", "--quantiles", "0.5", "--bins", "7"}, folder);
  EXPECT_NE(sorted.out.find("from min to max"), std::string::npos);
  EXPECT_LT(sorted.out.find("\nb "), sorted.out.find("\na.weight "));
  EXPECT_NE(sorted.out.find("|█ ██  █|"), std::string::npos) << sorted.out;
  EXPECT_NE(sorted.out.find("q0.5"), std::string::npos);
  EXPECT_EQ(ballast_command({"stats", "m.pth", "--quiet"}, folder).out, "");
  const Outcome two = ballast_command({"stats", "m.pth", "m.pth", "--filter", "b"}, folder);
  EXPECT_NE(two.out.find("of the tensors that match b; the file has 2\n\nm.pth: torch-zip"),
            std::string::npos)
      << two.out;
}

TEST(Stats, JsonHasTheLibrarysFiguresOfEveryGoldenFile) {
  int tensors = 0;
  for (const GoldenCheckpoint& golden : golden_checkpoints()) {
    SCOPED_TRACE(golden.name);
    const checkpoint::Checkpoint file = load(golden.path);
    const Json shown = json_of({"stats", golden.path, "--json", "--bins", "4"})["files"][0];
    ASSERT_EQ(shown["tensors"].size(), file.tensors().size());
    for (std::size_t i = 0; i < file.tensors().size(); ++i) {
      const checkpoint::TensorValue& v = file.tensors()[i].value.tensor();
      const Json& t = shown["tensors"][i];
      EXPECT_EQ(t["name"], file.tensors()[i].name);
      if (v.layout != checkpoint::Layout::kStrided || v.tensor.is_meta()) continue;
      const inspect::Statistics s = inspect::statistics(v.resolved(), {.histogram_bins = 4});
      EXPECT_EQ(t["count"], s.count);
      EXPECT_EQ(t["finite"], s.finite);
      EXPECT_EQ(t["zeros"], s.zeros);
      EXPECT_EQ(t["nan"], s.nans);
      if (s.finite == 0) {
        EXPECT_TRUE(t["mean"].is_null());
        continue;
      }
      EXPECT_EQ(t["mean"].get<double>(), s.mean);
      EXPECT_EQ(t["min"].get<double>(), s.min);
      EXPECT_EQ(t["histogram"]["counts"].get<std::vector<std::int64_t>>(), s.histogram);
      ++tensors;
    }
  }
  std::cout << "[ cases ] " << tensors << " tensors\n";
  EXPECT_GT(tensors, 500);
}

TEST(Stats, ChannelsAndSpectraOnRequest) {
  const std::string path =
      saved(scratch_folder(), "m.pth", {{"w", numbers({3, 0, 0, 4}, {2, 2})}, {"b", numbers({1}, {1})}});
  const Json w =
      json_of({"stats", path, "--json", "--channels", "1", "--spectrum"})["files"][0]["tensors"][0];
  EXPECT_EQ(w["channels"]["l2"], Json::parse("[3.0, 4.0]"));
  EXPECT_DOUBLE_EQ(w["spectrum"]["condition"], 4.0 / 3);
  const Outcome text = ballast_command({"stats", path, "--channels", "1", "--spectrum"});
  EXPECT_NE(text.out.find("least channel  largest channel  effective rank  condition"), std::string::npos)
      << text.out;
  EXPECT_EQ(ballast_command({"stats", path, "--quantiles", "1.5"}).status, 2);
  EXPECT_EQ(ballast_command({"stats", path, "--bins", "-1"}).status, 2);
  EXPECT_NE(ballast_command({"stats", path, "--sort", "stdd"}).error.find("did you mean std?"),
            std::string::npos);
}

TEST(Stats, QuantisedTensorsAreTheBitsOfPyTorchsDequantize) {
  int tensors = 0;
  for (const char* const folder : {"zip", "legacy"}) {
    for (const Json& e : read_json(std::string("checkpoints/") + folder + "/expected.json")) {
      if (e["file"] != "quantized.pth") continue;
      const checkpoint::Checkpoint file =
          load(data_path(std::string("checkpoints/") + folder + "/quantized.pth"));
      for (const Json& t : e["tensors"]) {
        if (!t.contains("dequantized_sha256")) continue;
        const auto at = std::ranges::find(file.tensors(), golden_name(t), &checkpoint::NamedTensor::name);
        ASSERT_NE(at, file.tensors().end()) << golden_name(t);
        const checkpoint::TensorValue& v = at->value.tensor();
        ASSERT_TRUE(checkpoint::can_dequantize(v));
        checkpoint::TensorValue numbers;
        numbers.tensor = checkpoint::dequantize(v);
        EXPECT_EQ(tool::tensor_sha256(numbers), t["dequantized_sha256"].get<std::string>());
        ++tensors;
      }
    }
  }
  std::cout << "[ cases ] " << tensors << " tensors\n";
  EXPECT_GE(tensors, 4);
}

TEST(Hist, DrawsOneTensorAndNamesTheNearest) {
  const std::string folder = scratch_folder();
  (void)saved(folder, "m.pth",
              {{"conv.weight", numbers({0, 1, 1, 2, 2, 2, 2, -2}, {2, 4})}, {"b", numbers({1}, {1})}});
  const Outcome outcome = ballast_command({"hist", "m.pth", "conv.weight", "--bins", "4"}, folder);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out,
            "conv.weight  float32 [2, 4], of m.pth\n"
            "8 values: 1 zero, 1 negative, 0 NaN, 0 infinite, 0 subnormal\n"
            "mean 1, std 1.41421, min -2, median 1.5, max 2, L2 4.69042\n"
            "\n"
            "4 bins\n"
            "  -2 |██████ 1\n"
            "  -1 |\n"
            "   0 |██████ 1\n"
            "   1 |████████████████████████████████████ 6\n"
            "   2\n"
            "\n"
            "matrix of 2 x 4, a cell a value\n"
            "  ·▓▓█\n"
            "  ████\n"
            "  · zero  ░ to 0.5  ▒ to 1  ▓ to 1.5  █ to 2\n");
  const Outcome wrong = ballast_command({"hist", "m.pth", "conv.wieght"}, folder);
  EXPECT_EQ(wrong.status, 2);
  EXPECT_EQ(wrong.error, "ballast: m.pth: no tensor has the name 'conv.wieght'; did you mean conv.weight?\n");
  EXPECT_NE(ballast_command({"hist", "m.pth"}, folder).error.find("m.pth holds 2 tensors: name one"),
            std::string::npos);
  const Json json = json_of({"hist", folder + "/m.pth", "conv.weight", "--json", "--bins", "4"});
  EXPECT_EQ(json["histogram"]["counts"], Json::parse("[1, 0, 1, 6]"));
  EXPECT_EQ(json["heat_map"]["matrix"], Json::parse("[2, 4]"));
  EXPECT_EQ(json["heat_map"]["mean"], Json::parse("[[0.0, 1.0, 1.0, 2.0], [2.0, 2.0, 2.0, -2.0]]"));
  const Outcome colors = ballast_command({"hist", "m.pth", "b", "--color", "always"}, folder);
  EXPECT_NE(colors.out.find("\x1b[0;38;5;160m▀"), std::string::npos);
}

TEST(Hist, CellsOfALargeTensorCoverAllOfIt) {
  std::vector<double> values(300 * 500, 0);
  values[299 * 500 + 499] = kNan;
  values[0] = 8;
  const std::string path = saved(scratch_folder(), "m.pth", {{"w", numbers(values, {300, 500})}});
  const Outcome outcome = ballast_command({"hist", path, "--bins", "0", "--cell", "peak"});
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("matrix of 300 x 500, a cell shows the peak of 13 x 7 values\n  █···"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("·N\n  · zero"), std::string::npos) << outcome.out;
}

TEST(Hist, LooksAtOneTensorOfEveryKindOfFile) {
  int files = 0;
  for (const GoldenCheckpoint& golden : golden_checkpoints()) {
    const checkpoint::Checkpoint file = load(golden.path);
    const auto at = std::ranges::find_if(file.tensors(), [](const checkpoint::NamedTensor& t) {
      const checkpoint::TensorValue& v = t.value.tensor();
      return v.layout == checkpoint::Layout::kStrided && !v.tensor.is_meta() && v.numel() > 0;
    });
    if (at == file.tensors().end()) continue;
    SCOPED_TRACE(golden.name + ": " + at->name);
    const inspect::Statistics s = inspect::statistics(at->value.tensor().resolved());
    const Json shown = json_of({"hist", golden.path, at->name, "--json"});
    EXPECT_EQ(shown["name"], at->name);
    EXPECT_EQ(shown["count"], s.count);
    if (s.finite > 0) {
      EXPECT_EQ(shown["mean"].get<double>(), s.mean);
    }
    ++files;
  }
  std::cout << "[ cases ] " << files << " files\n";
  EXPECT_GT(files, 100);
}

TEST(Sparkline, IsAsHighAsTheShare) {
  EXPECT_EQ(tool::sparkline({}), "");
  EXPECT_EQ(tool::sparkline({0, 0}), "  ");
  EXPECT_EQ(tool::sparkline({1, 1000, 500, 0}), "▁█▄ ");
}

}  // namespace
}  // namespace ballast::testing
