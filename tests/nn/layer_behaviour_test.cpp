// What layers do beyond their golden files: loading older layouts, options, reset, forward.
#include <string>
#include <vector>

#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/nn/containers/sequential.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

using testing::text_of;

using testing::bytes_of;

/// The entries without `_metadata`, as a dictionary made by hand has them.
StateDict by_hand(const StateDict& state) {
  StateDict out;
  for (const auto& [name, value] : state) out.insert(name, value.clone());
  return out;
}

TEST(BatchNormLoading, DictionaryOfUnknownVersionMayLackTheBatchCount) {
  nn::BatchNorm1d norm(3);
  norm->num_batches_tracked.fill_(7);
  StateDict old = by_hand(norm->state_dict());
  old.erase("num_batches_tracked");
  old["running_mean"].fill_(2);
  EXPECT_TRUE(norm->load_state_dict(old).empty());
  EXPECT_EQ(norm->num_batches_tracked.item<std::int64_t>(), 7);
  EXPECT_EQ(norm->running_mean.sum().item<double>(), 6);

  StateDict current = norm->state_dict();
  current.erase("num_batches_tracked");
  EXPECT_NE(text_of([&] {
              norm->load_state_dict(current);
            }).find("Missing key(s) in state_dict: \"num_batches_tracked\""),
            std::string::npos);
}

TEST(BatchNormLoading, RuleHoldsBelowARootAndLeavesTheGivenDictionaryAlone) {
  nn::Sequential net{nn::Linear(2, 3), nn::BatchNorm1d(3)};
  StateDict old = by_hand(net->state_dict());
  old.erase("1.num_batches_tracked");
  const auto before = old.keys();
  EXPECT_TRUE(net->load_state_dict(old).empty());
  EXPECT_EQ(old.keys(), before);
}

TEST(InstanceNormLoading, OldRunningStatisticsAreAnErrorThatSaysWhatToDo) {
  nn::InstanceNorm2d norm(2);
  StateDict old;
  old.insert("running_mean", zeros(2));
  old.insert("running_var", zeros(2));
  const std::string text = text_of([&] { norm->load_state_dict(old); });
  EXPECT_NE(
      text.find(
          "Unexpected running stats buffer(s) \"running_mean\" and \"running_var\" for InstanceNorm2d with "
          "track_running_stats=False. If state_dict is a checkpoint saved before 0.4.0"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("Unexpected key(s)"), std::string::npos) << text;
}

TEST(LayerOptions, ResetRebuildsFromChangedOptions) {
  nn::Linear linear(3, 4);
  linear->options.out_features(2).bias(false);
  linear->reset();
  EXPECT_EQ(linear->weight.sizes().vec(), (std::vector<std::int64_t>{2, 3}));
  EXPECT_FALSE(linear->bias.defined());
  EXPECT_EQ(linear->repr(), "Linear(in_features=3, out_features=2, bias=False)");

  nn::LSTM lstm(nn::LSTMOptions(3, 4).num_layers(2));
  lstm->options_base.num_layers(1);
  lstm->reset();
  EXPECT_EQ(lstm->parameters().size(), 4u);

  nn::TransformerEncoder encoder(
      nn::TransformerEncoderOptions(nn::TransformerEncoderLayerOptions(4, 2).dim_feedforward(8), 2)
          .enable_nested_tensor(false));
  encoder->options.num_layers(3);
  encoder->reset();
  EXPECT_EQ(encoder->layers->size(), 3u);
}

TEST(LayerOptions, StackedLayersAreCopiesWithEqualValues) {
  const nn::TransformerEncoderLayer pattern(
      nn::TransformerEncoderLayerOptions(4, 2).dim_feedforward(8).batch_first(true));
  nn::TransformerEncoder encoder(pattern, 2);
  const auto parameters = encoder->named_parameters();
  EXPECT_EQ(parameters.size(), 2 * pattern->parameters().size());
  for (const auto& [name, value] : pattern->named_parameters()) {
    const Tensor& first = parameters["layers.0." + name];
    EXPECT_EQ(bytes_of(first), bytes_of(value));
    EXPECT_EQ(bytes_of(first), bytes_of(parameters["layers.1." + name]));
    EXPECT_FALSE(first.is_same(value));
  }
}

TEST(LayerOptions, PretrainedTableIsSharedAndFrozen) {
  const Tensor table = randn({4, 3});
  const nn::Embedding frozen = nn::Embedding::from_pretrained(table);
  EXPECT_FALSE(frozen->weight.requires_grad());
  table.fill_(5);
  EXPECT_EQ(frozen->weight[3][2].item<double>(), 5);
  const nn::EmbeddingBag trained =
      nn::EmbeddingBag::from_pretrained(table, nn::EmbeddingBagFromPretrainedOptions().freeze(false));
  EXPECT_TRUE(trained->weight.requires_grad());
  EXPECT_EQ(text_of([] { std::ignore = nn::Embedding::from_pretrained(zeros(3)); }),
            "Embeddings parameter is expected to be 2-dimensional");
  EXPECT_EQ(text_of([&] { nn::Embedding(nn::EmbeddingOptions(5, 3)._weight(table)); }),
            "Shape of weight does not match num_embeddings and embedding_dim");
}

TEST(LayerOptions, ListsMayStandInBraces) {
  EXPECT_EQ(nn::MaxPool1d(nn::MaxPool1dOptions({3}))->options.kernel_size()->at(0), 3);
  EXPECT_EQ(nn::AvgPool1d(nn::AvgPool1dOptions({3}))->options.stride()->at(0), 3);
  EXPECT_EQ(nn::MaxUnpool1d(nn::MaxUnpool1dOptions({2}))->options.stride()->at(0), 2);
  EXPECT_EQ(nn::AdaptiveAvgPool1d(nn::AdaptiveAvgPool1dOptions({5}))->options.output_size()->at(0), 5);
  EXPECT_EQ(nn::AdaptiveMaxPool2d(nn::AdaptiveMaxPool2dOptions({std::nullopt, 7}))->repr(),
            "AdaptiveMaxPool2d(output_size=(None, 7))");
  EXPECT_EQ((*nn::LPPool2dOptions(2, 3).stride({2, 1}).stride())->at(1), 1);
  EXPECT_EQ((*nn::FractionalMaxPool2dOptions(3).output_size({13, 12}).output_size())->at(0), 13);
  EXPECT_EQ((*nn::FractionalMaxPool2dOptions(3).output_ratio({0.5, 0.25}).output_ratio())->at(1), 0.25);
  EXPECT_EQ(nn::Upsample(nn::UpsampleOptions().size({32, 48}).mode(kBilinear))->repr(),
            "Upsample(size=(32, 48), mode='bilinear')");
  EXPECT_EQ(nn::Upsample(nn::UpsampleOptions().scale_factor({2, 1.5}))->repr(),
            "Upsample(scale_factor=(2.0, 1.5), mode='nearest')");
}

TEST(LayerOptions, ShapeOfOneDimensionMayStandInBraces) {
  EXPECT_EQ(nn::LayerNorm(nn::LayerNormOptions({3}).bias(false))->repr(),
            nn::LayerNorm(nn::LayerNormOptions(3).bias(false))->repr());
  EXPECT_EQ(nn::RMSNorm(nn::RMSNormOptions({3}))->weight.sizes().vec(), (std::vector<std::int64_t>{3}));
}

TEST(LayerOptions, WrongOnesAreNamed) {
  const std::vector<std::pair<std::function<void()>, std::string>> cases = {
      {[] { nn::Conv1d(nn::Conv1dOptions(1, 1, 3).padding("full")); },
       "Invalid padding string 'full', should be one of {'same', 'valid'}"},
      {[] { nn::ConvTranspose2d(nn::ConvTranspose2dOptions(1, 1, 3).padding_mode(kReflect)); },
       "Only \"zeros\" padding mode is supported for ConvTranspose2d"},
      {[] {
         nn::Conv2d(nn::Conv2dOptions(1, 1, {3, 3, 3}));
       },
       "Expected 2 values, but instead got 3"},
      {[] { nn::MultiheadAttention(0, 2); },
       "embed_dim and num_heads must be greater than 0, got embed_dim=0 and num_heads=2 instead"},
      {[] { nn::LSTM(nn::LSTMOptions(2, 3).proj_size(3)); }, "proj_size has to be smaller than hidden_size"},
      {[] { nn::LSTM(nn::LSTMOptions(2, 3).proj_size(-1)); },
       "proj_size should be a positive integer or zero to disable projections"},
      {[] { nn::Hardtanh(2.0, 1); }, "max_val (1) must be greater than min_val (2.0)"},
      {[] { nn::FractionalMaxPool2d(nn::FractionalMaxPool2dOptions(2)); },
       "FractionalMaxPool2d requires specifying either an output size, or a pooling ratio"},
      {[] { nn::FractionalMaxPool2d(nn::FractionalMaxPool2dOptions(2).output_size(3).output_ratio(0.5)); },
       "only one of output_size and output_ratio may be specified"},
      {[] { nn::FractionalMaxPool3d(nn::FractionalMaxPool3dOptions(2).output_ratio(1.5)); },
       "output_ratio must be between 0 and 1 (got 1.5)"},
      {[] { nn::MultiMarginLoss(nn::MultiMarginLossOptions().p(3)); }, "only p == 1 and p == 2 supported"},
      {[] { nn::TripletMarginLoss(nn::TripletMarginLossOptions().margin(0)); },
       "TripletMarginLoss: expected margin to be greater than 0, got 0 instead"},
      {[] {
         nn::AdaptiveLogSoftmaxWithLoss(nn::AdaptiveLogSoftmaxWithLossOptions(4, 10, {5, 5}));
       },
       "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
       "value is between 1 and n_classes-1"},
      {[] {
         nn::AdaptiveLogSoftmaxWithLoss(nn::AdaptiveLogSoftmaxWithLossOptions(4, 10, {2, 3}).div_value(0));
       },
       "div_value (0) to the power of 1 divides in_features (4) into inf features"},
      {[] { nn::TransformerEncoderLayer(nn::TransformerEncoderLayerOptions(4, 2).activation("tanh")); },
       "activation should be relu/gelu, not tanh"},
      {[] { nn::Linear(-1, 2); }, "Trying to create tensor with negative dimension -1: [2, -1]"},
  };
  for (const auto& [make, text] : cases) EXPECT_EQ(text_of(make), text);
}

TEST(LayerForward, LinearMultipliesByTheTransposeAndAddsTheBias) {
  manual_seed(0);
  nn::Linear linear(3, 2);
  const Tensor x = randn({4, 5, 3});
  const Tensor y = linear(x);
  EXPECT_EQ(y.sizes().vec(), (std::vector<std::int64_t>{4, 5, 2}));
  for (std::int64_t o = 0; o < 2; ++o) {
    double expected = linear->bias[o].item<double>();
    for (std::int64_t i = 0; i < 3; ++i)
      expected += x[3][4][i].item<double>() * linear->weight[o][i].item<double>();
    EXPECT_NEAR(y[3][4][o].item<double>(), expected, 1e-6);
  }
}

TEST(LayerForward, ReLUInPlaceWritesItsInput) {
  const Tensor x = arange(-2, 3, kFloat32);
  const Tensor y = nn::ReLU()(x);
  EXPECT_EQ(x[0].item<double>(), -2);
  EXPECT_EQ(y.sum().item<double>(), 3);
  EXPECT_TRUE(nn::ReLU(true)(x).is_same(x));
  EXPECT_EQ(x[0].item<double>(), 0);
}

TEST(LayerForward, FlattenAndIdentityKeepTheValues) {
  const Tensor x = arange(24).reshape({2, 3, 4});
  EXPECT_EQ(nn::Flatten()(x).sizes().vec(), (std::vector<std::int64_t>{2, 12}));
  EXPECT_EQ(nn::Flatten(0, 1)(x).sizes().vec(), (std::vector<std::int64_t>{6, 4}));
  EXPECT_TRUE(nn::Identity()(x).is_same(x));
}

struct BareImpl : nn::Cloneable<BareImpl> {};
BALLAST_MODULE(Bare);

TEST(LayerForward, OthersSayThatTheyHaveNone) {
  nn::Sequential net{nn::Linear(3, 2), Bare()};
  EXPECT_EQ(text_of([&] {
              std::ignore = net(zeros({1, 3}));
            }),
            "Module [Bare] is missing the required \"forward\" function");
}

}  // namespace
}  // namespace ballast
