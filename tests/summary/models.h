// The C++ twins of the models of tests/data/gen/summaryfix.py.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/nn/nn.h"
#include "ballast/summary/summary.h"

namespace ballast::testing {

/// Layers in a list, some called twice, one never, one used by its weight alone.
struct StepsImpl : nn::Cloneable<StepsImpl> {
  StepsImpl();
  Tensor forward(const Tensor& input);

  nn::ModuleList layers{nullptr};
  nn::ReLU act{nullptr};
  nn::Linear unused{nullptr};
  Tensor scale;
};
BALLAST_MODULE(Steps);

/// The decoder's weight is the embedding's.
struct LanguageModelImpl : nn::Cloneable<LanguageModelImpl> {
  LanguageModelImpl();
  Tensor forward(const Tensor& input);

  nn::Embedding embedding{nullptr};
  nn::LSTM rnn{nullptr};
  nn::Linear decoder{nullptr};
};
BALLAST_MODULE(LanguageModel);

struct AttentionImpl : nn::Cloneable<AttentionImpl> {
  AttentionImpl();
  Tensor forward(const Tensor& q, const Tensor& k, const Tensor& v);

  nn::MultiheadAttention cross{nullptr};
};
BALLAST_MODULE(Attention);

struct BottleneckImpl : nn::Cloneable<BottleneckImpl> {
  BottleneckImpl(std::int64_t channels, std::int64_t width, std::int64_t stride);
  Tensor forward(const Tensor& input);

  nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  nn::ReLU relu{nullptr};
  nn::Sequential downsample{nullptr};
};
BALLAST_MODULE(Bottleneck);

struct ResNet50Impl : nn::Cloneable<ResNet50Impl> {
  ResNet50Impl();
  Tensor forward(const Tensor& input);

  nn::Conv2d conv1{nullptr};
  nn::BatchNorm2d bn1{nullptr};
  nn::ReLU relu{nullptr};
  nn::MaxPool2d maxpool{nullptr};
  nn::Sequential layer1{nullptr}, layer2{nullptr}, layer3{nullptr}, layer4{nullptr};
  nn::AdaptiveAvgPool2d avgpool{nullptr};
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(ResNet50);

struct BlockImpl : nn::Cloneable<BlockImpl> {
  BlockImpl(std::int64_t d, std::int64_t heads);
  Tensor forward(const Tensor& input);

  nn::LayerNorm ln_1{nullptr};
  nn::MultiheadAttention attn{nullptr};
  nn::LayerNorm ln_2{nullptr};
  nn::Sequential mlp{nullptr};
};
BALLAST_MODULE(Block);

/// As large as GPT-2; the output is tied to the embedding.
struct GPT2Impl : nn::Cloneable<GPT2Impl> {
  GPT2Impl();
  Tensor forward(const Tensor& tokens);

  nn::Embedding wte{nullptr}, wpe{nullptr};
  nn::ModuleList h{nullptr};
  nn::LayerNorm ln_f{nullptr};
  nn::Linear lm_head{nullptr};
};
BALLAST_MODULE(GPT2);

/// Two places for one module: alone, and in a container with a BatchNorm1d.
[[nodiscard]] nn::Sequential tied_net();

/// The summary of a model of the golden file, made on the default device.
[[nodiscard]] ModelSummary summary_of(const std::string& name, const SummaryOptions& options);

}  // namespace ballast::testing
