// The C++ twins of the models of tests/data/gen/models.py: same names, same order, same draws.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "ballast/nn/nn.h"

namespace ballast::testing {

struct ContainersImpl : nn::Cloneable<ContainersImpl> {
  ContainersImpl();
  nn::ModuleList layers{nullptr};
  nn::ModuleDict branches{nullptr};
  nn::ParameterList scales{nullptr};
  nn::ParameterDict table{nullptr};
};
BALLAST_MODULE(Containers);

/// decoder.weight is embedding.weight.
struct TiedEmbeddingImpl : nn::Cloneable<TiedEmbeddingImpl> {
  explicit TiedEmbeddingImpl(std::int64_t vocab = 10, std::int64_t dim = 6);
  nn::Embedding embedding{nullptr};
  nn::Linear hidden{nullptr}, decoder{nullptr};
};
BALLAST_MODULE(TiedEmbedding);

struct LeNetImpl : nn::Cloneable<LeNetImpl> {
  LeNetImpl();
  nn::Sequential features{nullptr}, classifier{nullptr};
};
BALLAST_MODULE(LeNet);

struct BasicBlockImpl : nn::Cloneable<BasicBlockImpl> {
  BasicBlockImpl(std::int64_t in, std::int64_t out, std::int64_t stride = 1);
  nn::Conv2d conv1{nullptr}, conv2{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr};
  nn::ReLU relu{nullptr};
  nn::Sequential downsample{nullptr};
};
BALLAST_MODULE(BasicBlock);

struct SmallResNetImpl : nn::Cloneable<SmallResNetImpl> {
  explicit SmallResNetImpl(std::int64_t classes = 5);
  nn::Conv2d conv1{nullptr};
  nn::BatchNorm2d bn1{nullptr};
  nn::Sequential layer1{nullptr}, layer2{nullptr};
  nn::AdaptiveAvgPool2d avgpool{nullptr};
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(SmallResNet);

struct TransformerModelImpl : nn::Cloneable<TransformerModelImpl> {
  TransformerModelImpl();
  nn::Embedding embed{nullptr};
  nn::TransformerEncoder encoder{nullptr};
  nn::LayerNorm norm{nullptr};
  nn::Linear head{nullptr};
};
BALLAST_MODULE(TransformerModel);

struct LSTMLanguageModelImpl : nn::Cloneable<LSTMLanguageModelImpl> {
  explicit LSTMLanguageModelImpl(std::int64_t vocab = 11, std::int64_t dim = 6);
  nn::Dropout drop{nullptr};
  nn::Embedding encoder{nullptr};
  nn::LSTM rnn{nullptr};
  nn::Linear decoder{nullptr};
};
BALLAST_MODULE(LSTMLanguageModel);

/// One weight, used by the decoder transposed.
struct TiedAutoencoderImpl : nn::Cloneable<TiedAutoencoderImpl> {
  explicit TiedAutoencoderImpl(std::int64_t n = 6, std::int64_t h = 3);
  Tensor weight, enc_bias, dec_bias;
};
BALLAST_MODULE(TiedAutoencoder);

/// Persistent, other and absent buffers, an absent parameter, a buffer under two names.
struct BuffersImpl : nn::Cloneable<BuffersImpl> {
  BuffersImpl();
  Tensor pe, scale, absent, steps, steps_again;
  Tensor nothing, gain, frozen;
  nn::BatchNorm1d bn{nullptr};
};
BALLAST_MODULE(Buffers);

struct NoBiasImpl : nn::Cloneable<NoBiasImpl> {
  NoBiasImpl();
  nn::Conv2d conv{nullptr};
  nn::BatchNorm2d bn{nullptr}, bn2{nullptr};
  nn::LayerNorm ln{nullptr};
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(NoBias);

/// The same module, parameter and buffer under several names.
struct DeepSharingImpl : nn::Cloneable<DeepSharingImpl> {
  DeepSharingImpl();
  nn::Sequential first{nullptr};
  nn::ModuleList stack{nullptr};
  Tensor direct, alias;
  nn::ModuleDict by_key{nullptr};
};
BALLAST_MODULE(DeepSharing);

struct BiGRUImpl : nn::Cloneable<BiGRUImpl> {
  BiGRUImpl();
  nn::GRU rnn{nullptr};
  nn::LSTMCell cell{nullptr};
  nn::Bilinear bilinear{nullptr};
  nn::PReLU prelu{nullptr};
  nn::EmbeddingBag bag{nullptr};
};
BALLAST_MODULE(BiGRU);

struct MixedTypesImpl : nn::Cloneable<MixedTypesImpl> {
  MixedTypesImpl();
  nn::Linear half_linear{nullptr}, double_linear{nullptr}, bf16_linear{nullptr};
  Tensor complex, mask, ids;
};
BALLAST_MODULE(MixedTypes);

using MakeModel = std::shared_ptr<nn::Module> (*)();

/// By the name of the function in models.py.
[[nodiscard]] const std::map<std::string, MakeModel>& model_table();
/// The model of that name, built right after manual_seed(seed).
[[nodiscard]] std::shared_ptr<nn::Module> make_model(const std::string& name, std::uint64_t seed = 0);

}  // namespace ballast::testing
