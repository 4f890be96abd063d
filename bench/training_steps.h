// The training steps of docs/performance.md. One source for both sides: it is compiled against Ballast (training.cpp) and, where
// libtorch is at hand, against libtorch (peer_libtorch.cpp), with `T` the namespace of the library.
//
// A step: zero_grad (set to none), forward, loss, backward, optimiser step; the loss is not read back.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace training {

namespace nn = T::nn;
namespace F = T::nn::functional;
using T::Tensor;

using Step = std::function<void()>;

template <class Net, class Loss, class Optimizer>
Step step_of(Net net, Loss loss, std::shared_ptr<Optimizer> optimizer) {
  return [net, loss, optimizer]() mutable {
    optimizer->zero_grad();
    loss(net).backward();
    optimizer->step();
  };
}

template <class Net>
std::shared_ptr<T::optim::SGD> sgd(const Net& net, double momentum = 0) {
  return std::make_shared<T::optim::SGD>(net->parameters(), T::optim::SGDOptions(0.01).momentum(momentum));
}

inline nn::Sequential small_net() { return nn::Sequential{nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 1)}; }

inline Step small_step() {
  auto net = small_net();
  const Tensor x = T::randn({32, 4});
  const Tensor y = T::randn({32, 1});
  return step_of(
      net, [x, y](nn::Sequential& n) { return F::mse_loss(n->forward(x), y); }, sgd(net));
}

inline Step small_forward() {
  auto net = small_net();
  const Tensor x = T::randn({32, 4});
  return [net, x]() mutable {
    const T::NoGradGuard no_grad;
    const Tensor y = net->forward(x);
  };
}

inline Step tied_step() {
  nn::Linear s(8, 8);
  nn::Sequential net{nn::Linear(4, 8), nn::ReLU(), s, nn::ReLU(), s, nn::ReLU(), nn::Linear(8, 1)};
  const Tensor x = T::randn({32, 4});
  const Tensor y = T::randn({32, 1});
  // libtorch lists a shared parameter twice; it is stepped once here as there.
  std::vector<Tensor> once;
  for (const Tensor& p : net->parameters()) {
    bool known = false;
    for (const Tensor& q : once) known = known || q.is_same(p);
    if (!known) once.push_back(p);
  }
  auto optimizer = std::make_shared<T::optim::SGD>(once, T::optim::SGDOptions(0.01));
  return step_of(
      net, [x, y](nn::Sequential& n) { return F::mse_loss(n->forward(x), y); }, optimizer);
}

inline Step classify(nn::Sequential net, const Tensor& x, std::int64_t classes, double momentum) {
  const Tensor target = T::randint(0, classes, {x.size(0)});
  return step_of(
      net, [x, target](nn::Sequential& n) { return F::cross_entropy(n->forward(x), target); },
      sgd(net, momentum));
}

inline Step medium_step() {
  nn::Sequential net{nn::Linear(784, 256), nn::ReLU(), nn::Linear(256, 128), nn::ReLU(), nn::Linear(128, 10)};
  const Tensor x = T::randn({64, 784});
  const Tensor target = T::randint(0, 10, {64});
  auto adam = std::make_shared<T::optim::Adam>(net->parameters(), T::optim::AdamOptions(1e-3));
  return step_of(
      net, [x, target](nn::Sequential& n) { return F::cross_entropy(n->forward(x), target); }, adam);
}

inline Step large_step() {
  nn::Sequential net{nn::Linear(1024, 4096), nn::ReLU(), nn::Linear(4096, 4096), nn::ReLU(),
                     nn::Linear(4096, 1000)};
  return classify(net, T::randn({128, 1024}), 1000, 0);
}

inline Step lenet_step() {
  nn::Sequential net{nn::Conv2d(nn::Conv2dOptions(1, 6, 5).padding(2)),
                     nn::ReLU(),
                     nn::MaxPool2d(nn::MaxPool2dOptions(2)),
                     nn::Conv2d(nn::Conv2dOptions(6, 16, 5)),
                     nn::ReLU(),
                     nn::MaxPool2d(nn::MaxPool2dOptions(2)),
                     nn::Flatten(),
                     nn::Linear(400, 120),
                     nn::ReLU(),
                     nn::Linear(120, 84),
                     nn::ReLU(),
                     nn::Linear(84, 10)};
  return classify(net, T::randn({64, 1, 28, 28}), 10, 0.9);
}

/// Two 3x3 convolutions with batch norm, and a shortcut round them.
struct ResidualBlock : nn::Module {
  ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t stride) {
    conv1 = register_module("conv1",
                            nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)));
    bn1 = register_module("bn1", nn::BatchNorm2d(out));
    conv2 = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(out, out, 3).padding(1).bias(false)));
    bn2 = register_module("bn2", nn::BatchNorm2d(out));
    if (in != out) {
      conv3 = register_module("conv3", nn::Conv2d(nn::Conv2dOptions(in, out, 1).stride(stride).bias(false)));
      bn3 = register_module("bn3", nn::BatchNorm2d(out));
    }
  }
  Tensor forward(const Tensor& x) {
    const Tensor inner = bn2->forward(conv2->forward(T::relu(bn1->forward(conv1->forward(x)))));
    return T::relu(inner + (conv3.is_empty() ? x : bn3->forward(conv3->forward(x))));
  }
  nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
};

struct ResNet20 : nn::Module {
  ResNet20() {
    conv = register_module("conv", nn::Conv2d(nn::Conv2dOptions(3, 16, 3).padding(1).bias(false)));
    bn = register_module("bn", nn::BatchNorm2d(16));
    std::int64_t in = 16;
    for (const std::int64_t out : {16, 32, 64}) {
      for (int i = 0; i < 3; ++i) {
        auto block = std::make_shared<ResidualBlock>(in, out, in != out ? 2 : 1);
        blocks.push_back(register_module("block" + std::to_string(blocks.size()), block));
        in = out;
      }
    }
    fc = register_module("fc", nn::Linear(64, 10));
  }
  Tensor forward(const Tensor& x) {
    Tensor h = T::relu(bn->forward(conv->forward(x)));
    for (const auto& block : blocks) h = block->forward(h);
    return fc->forward(F::avg_pool2d(h, F::AvgPool2dFuncOptions(8)).flatten(1));
  }
  nn::Conv2d conv{nullptr};
  nn::BatchNorm2d bn{nullptr};
  std::vector<std::shared_ptr<ResidualBlock>> blocks;
  nn::Linear fc{nullptr};
};

inline Step resnet20_step() {
  auto net = std::make_shared<ResNet20>();
  const Tensor x = T::randn({32, 3, 32, 32});
  const Tensor target = T::randint(0, 10, {32});
  return step_of(
      net, [x, target](std::shared_ptr<ResNet20>& n) { return F::cross_entropy(n->forward(x), target); },
      sgd(net, 0.9));
}

inline Step lstm_step() {
  nn::LSTM net(128, 256);
  const Tensor x = T::randn({64, 16, 128});
  return step_of(
      net, [x](nn::LSTM& n) { return std::get<0>(n->forward(x)).pow(2).mean(); }, sgd(net));
}

inline Step transformer_step(double dropout) {
  nn::TransformerEncoderLayer net(
      nn::TransformerEncoderLayerOptions(256, 8).dim_feedforward(1024).dropout(dropout));
  const Tensor x = T::randn({64, 16, 256});
  return step_of(
      net, [x](nn::TransformerEncoderLayer& n) { return n->forward(x).pow(2).mean(); }, sgd(net));
}

inline std::vector<std::pair<std::string, std::function<Step()>>> steps() {
  return {{"mlp.small", small_step},
          {"mlp.small_forward", small_forward},
          {"mlp.tied", tied_step},
          {"mlp.medium", medium_step},
          {"mlp.large", large_step},
          {"conv.lenet", lenet_step},
          {"conv.resnet20", resnet20_step},
          {"seq.lstm", lstm_step},
          {"seq.transformer", [] { return transformer_step(0); }},
          {"seq.transformer_dropout", [] { return transformer_step(0.1); }}};
}

}  // namespace training
