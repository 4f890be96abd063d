// Layers as they come: names, order, shapes, values and texts of tests/data/init/default_layers.
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/nn/containers/sequential.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

using testing::Json;

using Make = std::shared_ptr<nn::Module> (*)();

template <DType D>
std::shared_ptr<nn::Module> linear_of_type() {
  const DType before = get_default_dtype();
  set_default_dtype(D);
  const nn::Linear layer(4, 3);
  set_default_dtype(before);
  return layer.module_ptr();
}

nn::TransformerLayerOptions small_layer() { return nn::TransformerLayerOptions(4, 2).dim_feedforward(8); }

// clang-format off
#define ROW(NAME, EXPRESSION) {NAME, []() -> std::shared_ptr<nn::Module> { return (EXPRESSION).module_ptr(); }}
const std::map<std::string, Make> kLayers = {
    ROW("Linear", nn::Linear(4, 8)),
    ROW("Linear_17x5", nn::Linear(17, 5)),
    ROW("Linear_nobias", nn::Linear(nn::LinearOptions(3, 5).bias(false))),
    ROW("Bilinear", nn::Bilinear(3, 4, 5)),
    ROW("Conv1d", nn::Conv1d(3, 4, 5)),
    ROW("Conv2d", nn::Conv2d(3, 4, 3)),
    ROW("Conv2d_groups", nn::Conv2d(nn::Conv2dOptions(4, 6, {3, 5}).groups(2))),
    ROW("Conv2d_nobias", nn::Conv2d(nn::Conv2dOptions(2, 2, 1).bias(false))),
    ROW("Conv3d", nn::Conv3d(2, 3, 2)),
    ROW("ConvTranspose1d", nn::ConvTranspose1d(3, 2, 4)),
    ROW("ConvTranspose2d", nn::ConvTranspose2d(nn::ConvTranspose2dOptions(4, 6, 3).groups(2))),
    ROW("ConvTranspose3d", nn::ConvTranspose3d(2, 3, 2)),
    ROW("Embedding", nn::Embedding(10, 3)),
    ROW("Embedding_padding", nn::Embedding(nn::EmbeddingOptions(10, 3).padding_idx(2))),
    ROW("Embedding_padding_negative", nn::Embedding(nn::EmbeddingOptions(4, 3).padding_idx(-1))),
    ROW("EmbeddingBag", nn::EmbeddingBag(nn::EmbeddingBagOptions(7, 3).mode(kSum))),
    ROW("RNN", nn::RNN(3, 4)),
    ROW("RNN_2_bi", nn::RNN(nn::RNNOptions(3, 4).num_layers(2).bidirectional(true))),
    ROW("LSTM", nn::LSTM(3, 4)),
    ROW("LSTM_2_bi", nn::LSTM(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true))),
    ROW("LSTM_nobias", nn::LSTM(nn::LSTMOptions(3, 4).bias(false))),
    ROW("LSTM_proj", nn::LSTM(nn::LSTMOptions(3, 4).proj_size(2))),
    ROW("GRU", nn::GRU(3, 4)),
    ROW("GRU_2_bi", nn::GRU(nn::GRUOptions(3, 4).num_layers(2).bidirectional(true))),
    ROW("RNNCell", nn::RNNCell(3, 4)),
    ROW("LSTMCell", nn::LSTMCell(3, 4)),
    ROW("GRUCell", nn::GRUCell(3, 4)),
    ROW("MultiheadAttention", nn::MultiheadAttention(4, 2)),
    ROW("MultiheadAttention_kv", nn::MultiheadAttention(nn::MultiheadAttentionOptions(4, 2).kdim(3).vdim(5).add_bias_kv(true))),
    ROW("MultiheadAttention_nobias", nn::MultiheadAttention(nn::MultiheadAttentionOptions(4, 2).bias(false))),
    ROW("TransformerEncoderLayer", nn::TransformerEncoderLayer(nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16))),
    ROW("TransformerEncoder", nn::TransformerEncoder(nn::TransformerEncoderLayer(small_layer()), 2)),
    ROW("TransformerDecoderLayer", nn::TransformerDecoderLayer(small_layer())),
    ROW("Transformer", nn::Transformer(nn::TransformerOptions(4, 2, 1, 1).dim_feedforward(8))),
    ROW("LayerNorm", nn::LayerNorm(5)),
    ROW("LayerNorm_2d", nn::LayerNorm(nn::LayerNormOptions({3, 4}))),
    ROW("RMSNorm", nn::RMSNorm(4)),
    ROW("BatchNorm1d", nn::BatchNorm1d(3)),
    ROW("BatchNorm2d", nn::BatchNorm2d(3)),
    ROW("BatchNorm3d", nn::BatchNorm3d(3)),
    ROW("BatchNorm2d_plain", nn::BatchNorm2d(nn::BatchNorm2dOptions(3).affine(false).track_running_stats(false))),
    ROW("GroupNorm", nn::GroupNorm(2, 4)),
    ROW("InstanceNorm2d", nn::InstanceNorm2d(3)),
    ROW("InstanceNorm2d_affine", nn::InstanceNorm2d(nn::InstanceNorm2dOptions(3).affine(true).track_running_stats(true))),
    ROW("PReLU", nn::PReLU(3)),
    ROW("Sequential", (nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)})),
    {"Linear_f64", linear_of_type<kFloat64>},
    {"Linear_bf16", linear_of_type<kBFloat16>},
    {"Linear_f16", linear_of_type<kFloat16>},
};
#undef ROW
// clang-format on

std::vector<std::string> names_of(const OrderedDict<std::string, Tensor>& dict) { return dict.keys(); }

TEST(DefaultLayers, NamesValuesTextsAndDrawsArePyTorchs) {
  const Json rows = testing::read_json("init/default_layers.json");
  int cases = 0;
  for (const Json& row : rows) {
    const std::string name = row["name"];
    SCOPED_TRACE(name);
    ASSERT_TRUE(kLayers.contains(name)) << "no C++ twin";
    manual_seed(row["seed"].get<std::uint64_t>());
    const std::shared_ptr<nn::Module> layer = kLayers.at(name)();
    EXPECT_EQ(rand({1}).item<double>(), row["next_rand"].get<double>());
    EXPECT_EQ(layer->repr(), row["repr"].get<std::string>());
    EXPECT_EQ(names_of(layer->named_parameters()), row["parameters"].get<std::vector<std::string>>());
    EXPECT_EQ(names_of(layer->named_buffers()), row["buffers"].get<std::vector<std::string>>());

    const StateDict state = layer->state_dict();
    const auto expected = testing::read_safetensors("init/" + row["file"].get<std::string>());
    std::vector<std::string> names;
    for (const Json& entry : row["state_dict"]) {
      names.push_back(entry["name"]);
      SCOPED_TRACE(names.back());
      const Tensor* value = state.find(names.back());
      ASSERT_NE(value, nullptr);
      EXPECT_EQ(value->sizes().vec(), entry["shape"].get<std::vector<std::int64_t>>());
      EXPECT_EQ(dtype_name(value->dtype()), entry["dtype"].get<std::string>());
      EXPECT_EQ(testing::bytes_of(*value), testing::bytes_of(expected.at(names.back())));
    }
    EXPECT_EQ(state.keys(), names);
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of init/default_layers.json\n";
  EXPECT_EQ(cases, static_cast<int>(kLayers.size()));
}

}  // namespace
}  // namespace ballast
