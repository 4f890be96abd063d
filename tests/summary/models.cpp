#include "tests/summary/models.h"

#include "ballast/ops/ops.h"

namespace ballast::testing {

StepsImpl::StepsImpl() {
  const nn::Linear bare(nn::LinearOptions(6, 6).bias(false));
  nn::ModuleList list;
  list->push_back(nn::Linear(6, 6));
  list->push_back(nn::Sequential{bare, nn::Tanh()});
  bind_module("layers", layers, list);
  bind_module("act", act, nn::ReLU());
  bind_module("unused", unused, nn::Linear(6, 2));
  bind_buffer("scale", scale, ones({6}));
}

Tensor StepsImpl::forward(const Tensor& input) {
  Tensor x = input;
  for (const auto& layer : *layers) x = act((*layer)(x));
  return (*layers[0])(x)*scale;
}

LanguageModelImpl::LanguageModelImpl() {
  bind_module("embedding", embedding, nn::Embedding(11, 6));
  bind_module("rnn", rnn, nn::LSTM(nn::LSTMOptions(6, 6).num_layers(2).batch_first(true)));
  bind_module("decoder", decoder, nn::Linear(6, 11));
  decoder->weight = embedding->weight;
}

Tensor LanguageModelImpl::forward(const Tensor& input) { return decoder(std::get<0>(rnn(embedding(input)))); }

AttentionImpl::AttentionImpl() {
  bind_module("cross", cross,
              nn::MultiheadAttention(
                  nn::MultiheadAttentionOptions(8, 2).kdim(3).vdim(5).add_bias_kv(true).add_zero_attn(true)));
}

Tensor AttentionImpl::forward(const Tensor& q, const Tensor& k, const Tensor& v) {
  return std::get<0>(cross(q, k, v));
}

namespace {

nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

}  // namespace

BottleneckImpl::BottleneckImpl(std::int64_t channels, std::int64_t width, std::int64_t stride) {
  bind_module("conv1", conv1, convolution(channels, width, 1));
  bind_module("bn1", bn1, nn::BatchNorm2d(width));
  bind_module("conv2", conv2, convolution(width, width, 3, stride));
  bind_module("bn2", bn2, nn::BatchNorm2d(width));
  bind_module("conv3", conv3, convolution(width, 4 * width, 1));
  bind_module("bn3", bn3, nn::BatchNorm2d(4 * width));
  bind_module("relu", relu, nn::ReLU(nn::ReLUOptions().inplace(true)));
  if (stride != 1 || channels != 4 * width) {
    const nn::Conv2d projection = convolution(channels, 4 * width, 1, stride);
    bind_module("downsample", downsample, nn::Sequential{projection, nn::BatchNorm2d(4 * width)});
  }
}

Tensor BottleneckImpl::forward(const Tensor& input) {
  Tensor y = relu(bn1(conv1(input)));
  y = relu(bn2(conv2(y)));
  y = bn3(conv3(y));
  return relu(y + (downsample.is_empty() ? input : downsample(input)));
}

ResNet50Impl::ResNet50Impl() {
  bind_module("conv1", conv1, convolution(3, 64, 7, 2));
  bind_module("bn1", bn1, nn::BatchNorm2d(64));
  bind_module("relu", relu, nn::ReLU(nn::ReLUOptions().inplace(true)));
  bind_module("maxpool", maxpool, nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2).padding(1)));
  std::int64_t channels = 64;
  std::int64_t width = 64;
  const auto stage = [&](const char* name, nn::Sequential& member, int blocks) {
    nn::Sequential made;
    for (int b = 0; b < blocks; ++b) {
      made->push_back(Bottleneck(channels, width, b == 0 && width > 64 ? 2 : 1));
      channels = 4 * width;
    }
    width *= 2;
    bind_module(name, member, made);
  };
  stage("layer1", layer1, 3);
  stage("layer2", layer2, 4);
  stage("layer3", layer3, 6);
  stage("layer4", layer4, 3);
  bind_module("avgpool", avgpool, nn::AdaptiveAvgPool2d(1));
  bind_module("fc", fc, nn::Linear(2048, 1000));
}

Tensor ResNet50Impl::forward(const Tensor& input) {
  const Tensor x = maxpool(relu(bn1(conv1(input))));
  return fc(avgpool(layer4(layer3(layer2(layer1(x))))).flatten(1));
}

BlockImpl::BlockImpl(std::int64_t d, std::int64_t heads) {
  bind_module("ln_1", ln_1, nn::LayerNorm(nn::LayerNormOptions({d})));
  bind_module("attn", attn,
              nn::MultiheadAttention(nn::MultiheadAttentionOptions(d, heads).batch_first(true)));
  bind_module("ln_2", ln_2, nn::LayerNorm(nn::LayerNormOptions({d})));
  bind_module("mlp", mlp, nn::Sequential{nn::Linear(d, 4 * d), nn::GELU(), nn::Linear(4 * d, d)});
}

Tensor BlockImpl::forward(const Tensor& input) {
  const Tensor y = ln_1(input);
  const Tensor x = input + std::get<0>(attn(y, y, y, Tensor(), false));
  return x + mlp(ln_2(x));
}

GPT2Impl::GPT2Impl() {
  bind_module("wte", wte, nn::Embedding(50257, 768));
  bind_module("wpe", wpe, nn::Embedding(1024, 768));
  nn::ModuleList blocks;
  for (int i = 0; i < 12; ++i) blocks->push_back(Block(768, 12));
  bind_module("h", h, blocks);
  bind_module("ln_f", ln_f, nn::LayerNorm(nn::LayerNormOptions({768})));
  bind_module("lm_head", lm_head, nn::Linear(nn::LinearOptions(768, 50257).bias(false)));
  lm_head->weight = wte->weight;
}

Tensor GPT2Impl::forward(const Tensor& tokens) {
  Tensor x = wte(tokens) + wpe(arange(tokens.size(1)));
  for (const auto& block : *h) x = (*block)(x);
  return lm_head(ln_f(x));
}

nn::Sequential tied_net() {
  const nn::Linear shared(8, 8);
  return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), shared,
                        nn::ReLU(),       shared,     nn::Sequential{shared, nn::BatchNorm1d(8)},
                        nn::Linear(8, 1)};
}

namespace {

nn::Sequential frozen_net() {
  nn::Sequential net{nn::Conv2d(nn::Conv2dOptions(3, 6, 3).groups(3)), nn::BatchNorm2d(6), nn::ReLU(),
                     nn::Flatten(), nn::Linear(6 * 16, 5)};
  net[0]->parameter("weight").requires_grad_(false);
  net[1]->requires_grad_(false);
  return net;
}

nn::Sequential convolutions_net() {
  return nn::Sequential{
      nn::Conv2d(nn::Conv2dOptions(4, 8, {3, 2}).stride(2).padding(1).dilation({1, 2}).groups(2)),
      nn::Conv2d(nn::Conv2dOptions(8, 8, 3).padding(kSame).groups(8).bias(false)),
      nn::Conv2d(8, 6, 1),
      nn::MaxPool2d(2),
      nn::Flatten(nn::FlattenOptions().start_dim(2)),
      nn::Conv1d(nn::Conv1dOptions(6, 3, 2).bias(false))};
}

nn::Sequential upward_net() {
  return nn::Sequential{nn::ConvTranspose2d(nn::ConvTranspose2dOptions(4, 6, 3).stride(2).groups(2)),
                        nn::Conv2d(6, 4, 3),
                        nn::ConvTranspose2d(nn::ConvTranspose2dOptions(4, 2, 2).padding(1).bias(false))};
}

nn::TransformerEncoder encoder_net() {
  const nn::TransformerEncoderLayer layer(
      nn::TransformerEncoderLayerOptions(16, 2).dim_feedforward(32).batch_first(true));
  return nn::TransformerEncoder(
      nn::TransformerEncoderOptions(layer, 2).norm(nn::LayerNorm(nn::LayerNormOptions({16}))));
}

}  // namespace

ModelSummary summary_of(const std::string& name, const SummaryOptions& o) {
  if (name == "mlp") return summary(nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)}, o);
  if (name == "tied") return summary(tied_net(), o);
  if (name == "frozen") return summary(frozen_net(), o);
  if (name == "convolutions") return summary(convolutions_net(), o);
  if (name == "upward") return summary(upward_net(), o);
  if (name == "steps") return summary(Steps(), o);
  if (name == "language_model") return summary(LanguageModel(), o);
  if (name == "gru") return summary(nn::GRU(nn::GRUOptions(3, 4).bidirectional(true)), o);
  if (name == "projected") {
    return summary(nn::LSTM(nn::LSTMOptions(3, 5).proj_size(2).bias(false).batch_first(true)), o);
  }
  if (name == "encoder") return summary(encoder_net(), o);
  if (name == "transformer") {
    return summary(nn::Transformer(nn::TransformerOptions(16, 4, 1, 2).dim_feedforward(24).bias(false)), o);
  }
  if (name == "attention") return summary(Attention(), o);
  if (name == "resnet50") return summary(ResNet50(), o);
  if (name == "gpt2") return summary(GPT2(), o);
  throw KeyError("no model " + name);
}

}  // namespace ballast::testing
