// A LeNet-style network reads handwritten digits. What is shared: each filter, over all positions of the image.
#include "examples/training/example.h"

namespace data = ballast::data;
namespace nn = ballast::nn;
namespace F = ballast::nn::functional;
using ballast::Tensor;

int main(int argc, char** argv) {
  const int epochs = example::is_quick(argc, argv) ? 2 : 40;
  const example::Digits digits = example::load_digits();
  ballast::manual_seed(0);
  nn::Sequential net{nn::Conv2d(nn::Conv2dOptions(1, 16, 3).padding(1)),
                     nn::BatchNorm2d(16),
                     nn::ReLU(),
                     nn::Conv2d(nn::Conv2dOptions(16, 32, 3).padding(1)),
                     nn::BatchNorm2d(32),
                     nn::ReLU(),
                     nn::MaxPool2d(2),
                     nn::Conv2d(nn::Conv2dOptions(32, 64, 3).padding(1)),
                     nn::BatchNorm2d(64),
                     nn::ReLU(),
                     nn::MaxPool2d(2),
                     nn::Flatten(),
                     nn::Dropout(0.5),
                     nn::Linear(256, 10)};
  fmt::print("{}\n", net);

  auto conv = net[0]->as<nn::Conv2d>();
  const std::int64_t held = conv->weight.numel();
  fmt::print(
      "first layer: {} weights, each used at 64 positions; one of its own for each would be {}, {} bytes "
      "more\n",
      held, 64 * held, 63 * held * 4);
  {
    // The gradient of a shared filter is the sum over its uses: here, over the left and the right half of its outputs.
    const Tensor x = digits.train_images.slice(0, 0, 8);
    const Tensor y = conv->forward(x);
    const auto gradient = [&](const Tensor& part) {
      return ballast::autograd::grad({part.pow(2).sum()}, {conv->weight}, {}, true)[0];
    };
    const Tensor whole = gradient(y);
    const Tensor sum = gradient(y.slice(3, 0, 4)) + gradient(y.slice(3, 4, 8));
    fmt::print("gradient of the whole against the sum of its halves: {:.1e} apart\n",
               example::relative_difference(sum, whole));
  }

  const data::DataLoader batches(data::TensorDataset(digits.train_images, digits.train_labels),
                                 {.batch_size = 64, .shuffle = true});
  ballast::optim::SGD sgd(net->parameters(),
                          ballast::optim::SGDOptions(0.05).momentum(0.9).weight_decay(5e-3));
  ballast::optim::OneCycleLR schedule(sgd, {.max_lr = {0.05}, .total_steps = epochs * batches.size()});
  const example::Clock clock;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    double loss_sum = 0;
    for (const auto& [x, y] : batches) {
      sgd.zero_grad();
      const Tensor loss = F::cross_entropy(net(x), y);
      loss.backward();
      sgd.step();
      schedule.step();
      loss_sum += loss.item<double>() * static_cast<double>(x.size(0));
    }
    if (epoch % 10 == 0 || epoch == epochs) fmt::print("epoch {:2}: loss {:.4f}\n", epoch, loss_sum / 1500);
  }
  net->eval();
  const ballast::NoGradGuard no_grad;
  fmt::print("test accuracy {:.4f} in {:.1f} s\n",
             example::accuracy(net(digits.test_images), digits.test_labels), clock.seconds());
}
