// Summaries beside what PyTorch's hooks, torchinfo and torch's counter of operations say of the same models.
#include "tests/support/golden.h"

#include <map>
#include <set>

#include "tests/summary/models.h"
#include <gtest/gtest.h>

namespace ballast {
namespace {

using testing::Json;

/// Too large to be made with memory in a test.
const std::set<std::string> kLarge = {"resnet50", "gpt2"};
/// Models with shared parts, which torchinfo counts more than once.
const std::set<std::string> kShared = {"tied", "language_model"};

SummaryOptions options_of(const Json& model) {
  SummaryOptions options;
  for (const auto& sizes : model["inputs"])
    options.input_sizes.push_back(sizes.get<std::vector<std::int64_t>>());
  if (model["integers"].get<bool>()) options.dtypes = {kInt64};
  return options;
}

std::size_t first_place(const ModelSummary& s, std::size_t row) {
  return s.layers[row].shared_with == LayerSummary::kNone ? row : s.layers[row].shared_with;
}

/// Calls of each module through all of its places, by the first.
std::map<std::size_t, std::size_t> calls_of(const ModelSummary& s) {
  std::map<std::size_t, std::size_t> calls;
  for (std::size_t i = 0; i < s.layers.size(); ++i) calls[first_place(s, i)] += s.layers[i].calls;
  return calls;
}

void expect_layers(const ModelSummary& s, const Json& model) {
  const auto calls = calls_of(s);
  ASSERT_EQ(s.layers.size(), model["modules"].size());
  for (std::size_t i = 0; i < s.layers.size(); ++i) {
    const LayerSummary& layer = s.layers[i];
    const Json& golden = model["modules"][i];
    SCOPED_TRACE(layer.path);
    EXPECT_EQ(layer.path, golden["path"].get<std::string>());
    EXPECT_EQ(layer.class_name, golden["class"].get<std::string>());
    EXPECT_EQ(layer.own.parameters, golden["own"].get<std::uint64_t>());
    EXPECT_EQ(layer.total.parameters, golden["parameters"].get<std::uint64_t>());
    EXPECT_EQ(layer.total.trainable, golden["trainable"].get<std::uint64_t>());
    EXPECT_EQ(layer.total.buffers, golden["buffers"].get<std::uint64_t>());
    EXPECT_EQ(calls.at(first_place(s, i)), golden.value("calls", std::size_t{0}));
    if (layer.calls > 0) {
      ASSERT_TRUE(layer.output_sizes.has_value());
      EXPECT_EQ(layer.output_sizes->ref().vec(), golden["output"].get<std::vector<std::int64_t>>());
    }
  }
}

void expect_totals(const ModelSummary& s, const Json& model) {
  const LayerFigures& total = s.total();
  EXPECT_EQ(total.parameter_bytes, model["parameter_bytes"].get<std::uint64_t>());
  EXPECT_EQ(total.buffer_bytes, model["buffer_bytes"].get<std::uint64_t>());
  EXPECT_EQ(total.activation_bytes, model["activation_bytes"].get<std::uint64_t>());
  EXPECT_TRUE(s.layers[0].mult_adds_known);
  if (model.contains("products")) {
    EXPECT_EQ(total.mult_adds, model["products"].get<std::uint64_t>() + model["scales"].get<std::uint64_t>());
  }
  if (!model.contains("torchinfo")) return;
  const Json& info = model["torchinfo"];
  if (kShared.contains(model["name"].get<std::string>())) {
    EXPECT_LT(total.parameters, info["parameters"].get<std::uint64_t>());
  } else {
    EXPECT_EQ(total.parameters, info["parameters"].get<std::uint64_t>());
    EXPECT_EQ(total.trainable, info["trainable"].get<std::uint64_t>());
  }
  if (info.contains("mult_adds")) {
    EXPECT_EQ(total.mult_adds, info["mult_adds"].get<std::uint64_t>());
  }
}

TEST(SummaryGolden, EveryModelOnMetaAndTheSmallOnesInMemory) {
  std::size_t in_memory = 0, with_products = 0, with_torchinfo = 0;
  const auto models = testing::read_json_lines("summary/models.jsonl");
  for (const Json& model : models) {
    const auto name = model["name"].get<std::string>();
    for (const DeviceType device : {kMeta, kCPU}) {
      if (device == kCPU && kLarge.contains(name)) continue;
      SCOPED_TRACE(name + " on " + Device(device).str());
      const DefaultDeviceGuard guard(device);
      const ModelSummary s = testing::summary_of(name, options_of(model));
      expect_layers(s, model);
      expect_totals(s, model);
      in_memory += device == kCPU;
    }
    with_products += model.contains("products");
    with_torchinfo += model.contains("torchinfo") && model["torchinfo"].contains("mult_adds");
  }
  EXPECT_EQ(models.size(), 14U);
  EXPECT_EQ(in_memory, 12U);
  EXPECT_EQ(with_products, 11U);
  EXPECT_EQ(with_torchinfo, 6U);
}

}  // namespace
}  // namespace ballast
