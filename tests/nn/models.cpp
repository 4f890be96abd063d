#include "tests/nn/models.h"

#include <cmath>
#include <complex>

#include "ballast/ops/ops.h"

namespace ballast::testing {

namespace {

nn::Linear linear_without_bias(std::int64_t in, std::int64_t out) {
  return nn::Linear(nn::LinearOptions(in, out).bias(false));
}

nn::Conv2d conv_without_bias(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                             std::int64_t padding = 0) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).bias(false));
}

nn::Sequential mlp() { return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)}; }

nn::Sequential block1() { return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 4), nn::ReLU()}; }

nn::Sequential block2() {
  nn::Sequential net;
  for (int i = 0; i < 3; ++i) net->add_module("block " + std::to_string(i), block1());
  return net;
}

nn::Sequential nested_sequential() { return nn::Sequential{block2(), nn::Linear(4, 1)}; }

nn::Sequential named_sequential() {
  return {{"fc1", nn::Linear(6, 5)},
          {"act", nn::Tanh()},
          {"drop", nn::Dropout(0.25)},
          {"fc2", linear_without_bias(5, 3)}};
}

nn::Sequential shared_layer() {
  nn::Linear shared(8, 8);
  return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), shared,          nn::ReLU(),
                        shared,           nn::ReLU(), nn::Linear(8, 1)};
}

template <class Holder>
std::shared_ptr<nn::Module> made() {
  return Holder().module_ptr();
}

}  // namespace

ContainersImpl::ContainersImpl() {
  bind_module("layers", layers, nn::ModuleList{nn::Linear(3, 3), nn::Linear(3, 3), nn::ReLU()});
  bind_module("branches", branches, nn::ModuleDict{{"left", nn::Linear(3, 2)}, {"right", nn::Linear(3, 4)}});
  bind_module("scales", scales, nn::ParameterList(full({2}, 0.0), full({2}, 1.0), full({2}, 2.0)));
  bind_module("table", table, nn::ParameterDict{{"alpha", zeros({1})}, {"beta", ones({2, 2})}});
}

TiedEmbeddingImpl::TiedEmbeddingImpl(std::int64_t vocab, std::int64_t dim) {
  bind_module("embedding", embedding, nn::Embedding(vocab, dim));
  bind_module("hidden", hidden, nn::Linear(dim, dim));
  bind_module("decoder", decoder, linear_without_bias(dim, vocab));
  decoder->weight = embedding->weight;
}

LeNetImpl::LeNetImpl() {
  bind_module("features", features,
              nn::Sequential{nn::Conv2d(nn::Conv2dOptions(1, 6, 5).padding(2)), nn::Sigmoid(),
                             nn::AvgPool2d(nn::AvgPool2dOptions(2).stride(2)), nn::Conv2d(6, 16, 5),
                             nn::Sigmoid(), nn::AvgPool2d(nn::AvgPool2dOptions(2).stride(2))});
  bind_module("classifier", classifier,
              nn::Sequential{nn::Flatten(), nn::Linear(400, 120), nn::Sigmoid(), nn::Linear(120, 84),
                             nn::Sigmoid(), nn::Linear(84, 10)});
}

BasicBlockImpl::BasicBlockImpl(std::int64_t in, std::int64_t out, std::int64_t stride) {
  bind_module("conv1", conv1, conv_without_bias(in, out, 3, stride, 1));
  bind_module("bn1", bn1, nn::BatchNorm2d(out));
  bind_module("relu", relu, nn::ReLU(true));
  bind_module("conv2", conv2, conv_without_bias(out, out, 3, 1, 1));
  bind_module("bn2", bn2, nn::BatchNorm2d(out));
  if (stride != 1 || in != out) {
    bind_module("downsample", downsample,
                nn::Sequential{conv_without_bias(in, out, 1, stride), nn::BatchNorm2d(out)});
  }
}

SmallResNetImpl::SmallResNetImpl(std::int64_t classes) {
  bind_module("conv1", conv1, conv_without_bias(3, 4, 3, 1, 1));
  bind_module("bn1", bn1, nn::BatchNorm2d(4));
  bind_module("layer1", layer1, nn::Sequential{BasicBlock(4, 4)});
  bind_module("layer2", layer2, nn::Sequential{BasicBlock(4, 8, 2), BasicBlock(8, 8)});
  bind_module("avgpool", avgpool, nn::AdaptiveAvgPool2d(nn::AdaptiveAvgPool2dOptions({1, 1})));
  bind_module("fc", fc, nn::Linear(8, classes));
}

TransformerModelImpl::TransformerModelImpl() {
  bind_module("embed", embed, nn::Embedding(nn::EmbeddingOptions(12, 8).padding_idx(0)));
  const nn::TransformerEncoderLayer layer(
      nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16).dropout(0.1).batch_first(true));
  bind_module("encoder", encoder,
              nn::TransformerEncoder(nn::TransformerEncoderOptions(layer, 2).enable_nested_tensor(false)));
  bind_module("norm", norm, nn::LayerNorm(8));
  bind_module("head", head, nn::Linear(8, 3));
}

LSTMLanguageModelImpl::LSTMLanguageModelImpl(std::int64_t vocab, std::int64_t dim) {
  bind_module("drop", drop, nn::Dropout(0.2));
  bind_module("encoder", encoder, nn::Embedding(vocab, dim));
  bind_module("rnn", rnn, nn::LSTM(nn::LSTMOptions(dim, dim).num_layers(2).dropout(0.2)));
  bind_module("decoder", decoder, nn::Linear(dim, vocab));
  decoder->weight = encoder->weight;
}

TiedAutoencoderImpl::TiedAutoencoderImpl(std::int64_t n, std::int64_t h) {
  bind_parameter("weight", weight, empty({h, n}));
  bind_parameter("enc_bias", enc_bias, zeros({h}));
  bind_parameter("dec_bias", dec_bias, zeros({n}));
  nn::init::xavier_uniform_(weight);
}

BuffersImpl::BuffersImpl() {
  const Tensor encoding = zeros({4, 6});
  for (std::int64_t position = 0; position < 4; ++position) {
    for (std::int64_t i = 0; i < 6; i += 2) {
      const double angle =
          static_cast<double>(position) * std::exp(static_cast<double>(i) * -std::log(1e4) / 6);
      encoding[position][i] = std::sin(angle);
      encoding[position][i + 1] = std::cos(angle);
    }
  }
  bind_buffer("pe", pe, encoding, false);
  bind_buffer("scale", scale, tensor(0.5));
  bind_buffer("absent", absent, Tensor());
  bind_buffer("steps", steps, tensor(7, kInt64));
  bind_buffer("steps_again", steps_again, steps);
  bind_parameter("nothing", nothing, Tensor());
  bind_parameter("gain", gain, ones({6}));
  bind_parameter("frozen", frozen, ones({2}), false);
  bind_module("bn", bn, nn::BatchNorm1d(6));
}

NoBiasImpl::NoBiasImpl() {
  bind_module("conv", conv, conv_without_bias(2, 3, 3));
  bind_module("bn", bn, nn::BatchNorm2d(nn::BatchNorm2dOptions(3).affine(false)));
  bind_module("bn2", bn2, nn::BatchNorm2d(nn::BatchNorm2dOptions(3).track_running_stats(false)));
  bind_module("ln", ln, nn::LayerNorm(nn::LayerNormOptions({3}).bias(false)));
  bind_module("fc", fc, linear_without_bias(3, 2));
  register_module("hole", nullptr);
}

DeepSharingImpl::DeepSharingImpl() {
  const nn::Sequential block{nn::Linear(3, 3), nn::BatchNorm1d(3)};
  bind_module("first", first, block);
  bind_module("stack", stack, nn::ModuleList{block, nn::Sequential{block, nn::Linear(3, 3)}});
  auto* const linear = block[0]->as<nn::Linear>();
  bind_parameter("direct", direct, linear->weight);
  bind_parameter("alias", alias, direct);
  bind_module("by_key", by_key, nn::ModuleDict{{"again", block[0]}});
  stack->at<nn::Sequential>(1)[1]->as<nn::Linear>()->bias = linear->bias;
}

BiGRUImpl::BiGRUImpl() {
  bind_module("rnn", rnn, nn::GRU(nn::GRUOptions(3, 4).num_layers(2).bidirectional(true).batch_first(true)));
  bind_module("cell", cell, nn::LSTMCell(8, 5));
  bind_module("bilinear", bilinear, nn::Bilinear(5, 5, 2));
  bind_module("prelu", prelu, nn::PReLU(2));
  bind_module("bag", bag, nn::EmbeddingBag(nn::EmbeddingBagOptions(7, 3).mode(kMean)));
}

MixedTypesImpl::MixedTypesImpl() {
  bind_module("half", half_linear, nn::Linear(2, 2))->half();
  bind_module("double", double_linear, nn::Linear(2, 2))->double_();
  bind_module("bf16", bf16_linear, nn::Linear(2, 2))->bfloat16();
  bind_parameter("complex", complex, tensor({std::complex<float>(1, 2), std::complex<float>(0, -0.5F)}));
  bind_buffer("mask", mask, tensor({true, false}));
  bind_buffer("ids", ids, arange(3, kInt32));
}

const std::map<std::string, MakeModel>& model_table() {
  static const std::map<std::string, MakeModel> table{
      {"mlp", [] { return mlp().module_ptr(); }},
      {"nested_sequential", [] { return nested_sequential().module_ptr(); }},
      {"named_sequential", [] { return named_sequential().module_ptr(); }},
      {"containers", made<Containers>},
      {"shared_layer", [] { return shared_layer().module_ptr(); }},
      {"tied_embedding", made<TiedEmbedding>},
      {"lenet", made<LeNet>},
      {"small_resnet", made<SmallResNet>},
      {"transformer", made<TransformerModel>},
      {"lstm_lm", made<LSTMLanguageModel>},
      {"tied_autoencoder", made<TiedAutoencoder>},
      {"buffers", made<Buffers>},
      {"no_bias", made<NoBias>},
      {"deep_sharing", made<DeepSharing>},
      {"bi_gru", made<BiGRU>},
      {"mixed_types", made<MixedTypes>},
  };
  return table;
}

std::shared_ptr<nn::Module> make_model(const std::string& name, std::uint64_t seed) {
  manual_seed(seed);
  return model_table().at(name)();
}

}  // namespace ballast::testing
