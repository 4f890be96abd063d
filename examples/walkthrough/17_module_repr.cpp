// How modules print: nested, shared, containers, options, extra lines.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ballast/ballast.h>
#include <fmt/format.h>

namespace nn = ballast::nn;

nn::Sequential block1() { return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 4), nn::ReLU()}; }

nn::Sequential block2() {
  nn::Sequential net;
  for (int i = 0; i < 4; ++i) {
    net->add_module(fmt::format("block {}", i), block1());
  }
  return net;
}

struct EmptyImpl : nn::Cloneable<EmptyImpl> {};
BALLAST_MODULE(Empty);

struct WithExtraImpl : nn::Cloneable<WithExtraImpl> {
  int n = 3;
  nn::Linear fc{nullptr};

  explicit WithExtraImpl(bool deep) {
    if (deep) {
      bind_module("fc", fc, nn::Linear(1, 1));
    }
  }
  std::string extra_repr() const override { return fmt::format("n={}\nsecond line", n); }
};
BALLAST_MODULE(WithExtra);

int main() {
  ballast::manual_seed(0);
  nn::Sequential rgnet{block2(), nn::Linear(4, 1)};
  fmt::print("{}\n", rgnet);
  // rgnet[0][1][0].bias, by its path
  fmt::print("{}\n", rgnet->get_parameter("0.block 1.0.bias").data());

  nn::Linear shared(8, 8);
  const auto show = [](const auto& module) { fmt::print("{}\n", module); };
  show(
      nn::Sequential{nn::Linear(4, 8), nn::ReLU(), shared, nn::ReLU(), shared, nn::ReLU(), nn::Linear(8, 1)});

  nn::Linear same(2, 2);
  show(Empty());
  show(WithExtra(false));
  show(WithExtra(true));
  show(nn::Sequential());
  show(nn::ModuleList{same, same, same});
  show(nn::ModuleList{nn::Linear(2, 2), nn::Linear(2, 2), nn::Linear(2, 3), nn::Linear(2, 3), nn::ReLU()});
  show(nn::ModuleDict{{"a", same}, {"b", same}});
  show(nn::ParameterList{ballast::Parameter(ballast::zeros({2, 3})), ballast::zeros(1)});
  // A plain dict of Python's is sorted on its way in; so is a std::map.
  show(nn::ParameterDict(std::map<std::string, ballast::Tensor>{{"w", ballast::Parameter(ballast::zeros(2))},
                                                                {"s", ballast::ones(1)}}));
  show(nn::Linear(nn::LinearOptions(3, 4).bias(false)));
  show(nn::Identity());
  show(nn::Bilinear(2, 3, 4));
  show(nn::Conv1d(1, 2, 3));
  show(nn::Conv2d(
      nn::Conv2dOptions(4, 8, 3).stride(2).padding(1).dilation(2).groups(4).bias(false).padding_mode(
          ballast::kReflect)));
  show(nn::Conv2d(nn::Conv2dOptions(3, 4, {3, 5}).padding(ballast::kSame)));
  show(nn::Conv3d(nn::Conv3dOptions(1, 2, 3).padding({0, 1, 2})));
  show(nn::ConvTranspose2d(nn::ConvTranspose2dOptions(2, 3, 4).stride(2).output_padding(1)));
  show(nn::BatchNorm1d(3));
  show(nn::BatchNorm2d(
      nn::BatchNorm2dOptions(3).eps(1e-3).momentum(std::nullopt).affine(false).track_running_stats(false)));
  show(nn::InstanceNorm2d(3));
  show(nn::LayerNorm(nn::LayerNormOptions(std::vector<std::int64_t>{5})));
  show(nn::LayerNorm(nn::LayerNormOptions(std::vector<std::int64_t>{5, 2}).elementwise_affine(false)));
  show(nn::GroupNorm(2, 4));
  show(nn::RMSNorm(nn::RMSNormOptions(std::vector<std::int64_t>{4})));
  show(nn::Embedding(nn::EmbeddingOptions(10, 3).padding_idx(0).max_norm(1.0)));
  show(nn::EmbeddingBag(nn::EmbeddingBagOptions(10, 3).mode(ballast::kSum)));
  show(nn::RNN(nn::RNNOptions(3, 4).nonlinearity(ballast::kReLU)));
  show(nn::LSTM(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true).batch_first(true).dropout(0.5)));
  show(nn::GRU(nn::GRUOptions(3, 4).bias(false)));
  show(nn::LSTMCell(3, 4));
  show(nn::GRUCell(nn::GRUCellOptions(3, 4).bias(false)));
  show(nn::RNNCell(3, 4));
  show(nn::MultiheadAttention(4, 2));
  show(nn::TransformerEncoderLayer(nn::TransformerEncoderLayerOptions(4, 2).dim_feedforward(8)));
  show(nn::TransformerEncoder(
      nn::TransformerEncoderLayer(
          nn::TransformerEncoderLayerOptions(4, 2).dim_feedforward(8).batch_first(true)),
      2));
  show(nn::Dropout(0.3));
  show(nn::Dropout2d(nn::Dropout2dOptions().inplace(true)));
  show(nn::ReLU(nn::ReLUOptions(true)));
  show(nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2)));
  show(nn::PReLU());
  show(nn::ELU());
  show(nn::GELU());
  show(nn::GELU(nn::GELUOptions().approximate("tanh")));
  show(nn::SELU());
  show(nn::SiLU());
  show(nn::Hardtanh());
  show(nn::Sigmoid());
  show(nn::Tanh());
  show(nn::Softplus());
  show(nn::Softmax(1));
  show(nn::LogSoftmax(-1));
  show(nn::Flatten());
  show(nn::Unflatten(nn::UnflattenOptions(1, {2, 3})));
  show(nn::MaxPool2d(2));
  show(nn::AvgPool2d(nn::AvgPool2dOptions(3).stride(2)));
  show(nn::AdaptiveAvgPool2d(nn::AdaptiveAvgPool2dOptions({1, 1})));
  show(nn::AdaptiveMaxPool1d(3));
  show(nn::Upsample(nn::UpsampleOptions().scale_factor(2).mode(ballast::kNearest)));
  show(nn::PixelShuffle(2));
  show(nn::ZeroPad2d(1));
  show(nn::CrossEntropyLoss());
  show(nn::MSELoss(nn::MSELossOptions(ballast::kSum)));
  show(nn::Sequential{{"conv", nn::Conv2d(1, 2, 3)}, {"act", nn::ReLU()}});
}
