// Every layer with many options against PyTorch: tests/data/nn/reprs.json, and the walkthrough's list.
#include <algorithm>
#include <iostream>
#include <string>

#include "tests/nn/layer_table.h"
#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/nn/layers/layers.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

using testing::Json;

/// FNV-1a, 64 bit (the fixtures' short stand-in for the bytes).
std::string fnv1a64(const std::string& bytes) {
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return fmt::format("{:016x}", h);
}

Json state_rows(const StateDict& state) {
  Json rows = Json::array();
  for (const auto& [name, value] : state) {
    rows.push_back({name, value.sizes().vec(), fnv1a64(testing::bytes_of(value))});
  }
  return rows;
}

Json parameter_rows(const nn::Module& m) {
  Json rows = Json::array();
  for (const auto& [name, p] : m.named_parameters()) {
    EXPECT_TRUE(p.is_parameter()) << name;
    rows.push_back({name, p.requires_grad()});
  }
  return rows;
}

Json metadata_rows(const StateDict& state) {
  Json rows = Json::array();
  for (const auto& entry : state.metadata) rows.push_back({entry.path, entry.version});
  return rows;
}

/// Names of parameters and buffers that are registered without a value.
std::vector<std::string> absent_names(const nn::Module& root) {
  std::vector<std::string> names;
  for (const auto& [path, m] : root.named_modules()) {
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const auto* entries : {&m->parameter_entries(), &m->buffer_entries()}) {
      for (const auto& entry : *entries) {
        if (!m->slot(entry).defined()) names.push_back(prefix + entry.name);
      }
    }
  }
  std::ranges::sort(names);
  return names;
}

TEST(LayerReprs, EveryLayerPrintsHoldsAndDrawsWhatPythonsDoes) {
  const Json rows = testing::read_json("nn/reprs.json");
  int cases = 0;
  for (const Json& row : rows) {
    const std::string call = row["call"];
    SCOPED_TRACE(call);
    const auto make = testing::layer_table().find(call);
    if (make == testing::layer_table().end()) {
      ADD_FAILURE() << "no C++ twin";
      continue;
    }
    manual_seed(0);
    const testing::WarningLog log;
    const std::shared_ptr<nn::Module> layer = make->second();
    EXPECT_EQ(log.texts, row["warnings"].get<std::vector<std::string>>());
    EXPECT_EQ(rand({1}).item<double>(), row["next_rand"].get<double>());
    EXPECT_EQ(layer->repr(), row["repr"].get<std::string>());
    const StateDict state = layer->state_dict();
    EXPECT_EQ(state_rows(state), row["state_dict"]);
    EXPECT_EQ(parameter_rows(*layer), row["parameters"]);
    EXPECT_EQ(absent_names(*layer), row["absent"].get<std::vector<std::string>>());
    EXPECT_EQ(metadata_rows(state), row["metadata"]);
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of nn/reprs.json\n";
  EXPECT_EQ(static_cast<std::size_t>(cases), testing::layer_table().size());
}

TEST(LayerReprs, EveryLayerCanBeCopiedDeeply) {
  for (const auto& [call, make] : testing::layer_table()) {
    SCOPED_TRACE(call);
    const std::shared_ptr<nn::Module> layer = make();
    manual_seed(9);
    const std::string generator = testing::bytes_of(get_rng_state());
    const std::shared_ptr<nn::Module> copy = layer->clone();
    EXPECT_EQ(testing::bytes_of(get_rng_state()), generator) << "a copy draws nothing";
    EXPECT_EQ(copy->repr(), layer->repr());
    EXPECT_EQ(state_rows(copy->state_dict()), state_rows(layer->state_dict()));
    const auto mine = layer->parameters(), theirs = copy->parameters();
    for (std::size_t i = 0; i < mine.size(); ++i) {
      EXPECT_FALSE(mine[i].is_same(theirs[i]));
      EXPECT_TRUE(theirs[i].numel() == 0 || mine[i].data_ptr() != theirs[i].data_ptr());
    }
  }
}

TEST(LayerReprs, EveryLayerCanBeMadeWithoutMemory) {
  const DefaultDeviceGuard on_meta{Device(kMeta)};
  manual_seed(9);
  const std::string generator = testing::bytes_of(get_rng_state());
  for (const auto& [call, make] : testing::layer_table()) {
    SCOPED_TRACE(call);
    const std::shared_ptr<nn::Module> layer = make();
    for (const auto& [name, value] : layer->state_dict()) EXPECT_TRUE(value.is_meta()) << name;
  }
  EXPECT_EQ(testing::bytes_of(get_rng_state()), generator);
}

TEST(LayerReprs, WalkthroughListPrintsLineByLine) {
  std::string text;
  const auto print = [&text](const nn::ModuleSlot& m) { text += m.module_ptr()->repr() + "\n"; };
  print(nn::Linear(nn::LinearOptions(3, 4).bias(false)));
  print(nn::Identity());
  print(nn::Bilinear(2, 3, 4));
  print(nn::Conv1d(1, 2, 3));
  print(nn::Conv2d(
      nn::Conv2dOptions(4, 8, 3).stride(2).padding(1).dilation(2).groups(4).bias(false).padding_mode(
          kReflect)));
  print(nn::Conv2d(nn::Conv2dOptions(3, 4, {3, 5}).padding(kSame)));
  print(nn::Conv3d(nn::Conv3dOptions(1, 2, 3).padding({0, 1, 2})));
  print(nn::ConvTranspose2d(nn::ConvTranspose2dOptions(2, 3, 4).stride(2).output_padding(1)));
  print(nn::BatchNorm1d(3));
  print(nn::BatchNorm2d(
      nn::BatchNorm2dOptions(3).eps(1e-3).momentum(std::nullopt).affine(false).track_running_stats(false)));
  print(nn::InstanceNorm2d(3));
  print(nn::LayerNorm(5));
  print(nn::LayerNorm(nn::LayerNormOptions({5, 2}).elementwise_affine(false)));
  print(nn::GroupNorm(2, 4));
  print(nn::RMSNorm(4));
  print(nn::Embedding(nn::EmbeddingOptions(10, 3).padding_idx(0).max_norm(1.0)));
  print(nn::EmbeddingBag(nn::EmbeddingBagOptions(10, 3).mode(kSum)));
  print(nn::RNN(nn::RNNOptions(3, 4).nonlinearity(kReLU)));
  print(nn::LSTM(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true).batch_first(true).dropout(0.5)));
  print(nn::GRU(nn::GRUOptions(3, 4).bias(false)));
  print(nn::LSTMCell(3, 4));
  print(nn::GRUCell(nn::GRUCellOptions(3, 4).bias(false)));
  print(nn::RNNCell(3, 4));
  print(nn::MultiheadAttention(4, 2));
  const auto small = nn::TransformerEncoderLayerOptions(4, 2).dim_feedforward(8);
  print(nn::TransformerEncoderLayer(small));
  auto batch_first = small;
  print(nn::TransformerEncoder(nn::TransformerEncoderLayer(batch_first.batch_first(true)), 2));
  print(nn::Dropout(0.3));
  print(nn::Dropout2d(nn::Dropout2dOptions().inplace(true)));
  print(nn::ReLU(nn::ReLUOptions().inplace(true)));
  print(nn::LeakyReLU(0.2));
  print(nn::PReLU());
  print(nn::ELU());
  print(nn::GELU());
  print(nn::GELU("tanh"));
  print(nn::SELU());
  print(nn::SiLU());
  print(nn::Hardtanh());
  print(nn::Sigmoid());
  print(nn::Tanh());
  print(nn::Softplus());
  print(nn::Softmax(1));
  print(nn::LogSoftmax(-1));
  print(nn::Flatten());
  print(nn::Unflatten(nn::UnflattenOptions(1, {2, 3})));
  print(nn::MaxPool2d(2));
  print(nn::AvgPool2d(3, 2));
  print(nn::AdaptiveAvgPool2d(nn::AdaptiveAvgPool2dOptions({1, 1})));
  print(nn::AdaptiveMaxPool1d(3));
  print(nn::Upsample(nn::UpsampleOptions().scale_factor(2).mode(kNearest)));
  print(nn::PixelShuffle(2));
  print(nn::ZeroPad2d(1));
  print(nn::CrossEntropyLoss());
  print(nn::MSELoss(kSum));

  const std::string golden = testing::read_file(testing::data_path("walkthrough/17_module_repr.txt"));
  const std::size_t start = golden.find("Linear(in_features=3, out_features=4, bias=False)\nIdentity()");
  ASSERT_NE(start, std::string::npos);
  EXPECT_EQ(golden.substr(start, text.size()), text);
}

}  // namespace
}  // namespace ballast
