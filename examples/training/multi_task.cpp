// One trunk, two tasks: which digit, and how much ink. What is shared: the trunk, between the tasks.
#include "examples/training/example.h"

namespace data = ballast::data;
namespace nn = ballast::nn;
namespace F = ballast::nn::functional;
using ballast::Tensor;

struct TwoTasksImpl : nn::Cloneable<TwoTasksImpl> {
  nn::Sequential trunk{nn::Linear(64, 64), nn::ReLU(), nn::Linear(64, 32), nn::ReLU()};
  nn::Linear digit{32, 10};
  nn::Linear ink{32, 1};

  TwoTasksImpl() {
    bind_module("trunk", trunk);
    bind_module("digit", digit);
    bind_module("ink", ink);
  }
  std::pair<Tensor, Tensor> forward(const Tensor& x) {
    const Tensor h = trunk(x);
    return {digit(h), ink(h).squeeze(1)};
  }
};
BALLAST_MODULE(TwoTasks);

Tensor ink_of(const Tensor& x) { return x.mean(1) * 4; }

int main(int argc, char** argv) {
  const int epochs = example::is_quick(argc, argv) ? 2 : 100;
  const example::Digits digits = example::load_digits();
  const Tensor train = digits.train_images.flatten(1);
  const Tensor test = digits.test_images.flatten(1);
  ballast::manual_seed(0);
  TwoTasks net;
  fmt::print("{}\n", net);
  std::int64_t shared = 0;
  for (const Tensor& p : net->trunk->parameters()) shared += p.numel();
  fmt::print("the trunk: {} parameters for both tasks; a trunk for each would be {} bytes more\n", shared,
             shared * 4);
  {
    const Tensor x = train.slice(0, 0, 64);
    const Tensor y = digits.train_labels.slice(0, 0, 64);
    const Tensor w = net->trunk[0]->as<nn::Linear>()->weight;
    const auto gradient = [&](bool of_digit, bool of_ink) {
      const auto [scores, ink] = net->forward(x);
      Tensor loss = ballast::zeros({});
      if (of_digit) loss = loss + F::cross_entropy(scores, y);
      if (of_ink) loss = loss + F::mse_loss(ink, ink_of(x));
      return ballast::autograd::grad({loss}, {w})[0];
    };
    fmt::print(
        "the trunk's gradient against the sum over the tasks: {:.1e} apart\n",
        example::relative_difference(gradient(true, false) + gradient(false, true), gradient(true, true)));
  }

  ballast::optim::AdamW adam(net->parameters(), ballast::optim::AdamWOptions(3e-3));
  const data::DataLoader batches(data::TensorDataset(train, digits.train_labels),
                                 {.batch_size = 64, .shuffle = true});
  const example::Clock clock;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    double loss_sum = 0;
    for (const auto& [x, y] : batches) {
      adam.zero_grad();
      const auto [scores, ink] = net->forward(x);
      const Tensor loss = F::cross_entropy(scores, y) + F::mse_loss(ink, ink_of(x));
      loss.backward();
      adam.step();
      loss_sum += loss.item<double>() * static_cast<double>(x.size(0));
    }
    if (epoch % 20 == 0 || epoch == epochs) fmt::print("epoch {:2}: loss {:.4f}\n", epoch, loss_sum / 1500);
  }
  const ballast::NoGradGuard no_grad;
  const auto [scores, ink] = net->forward(test);
  fmt::print("test accuracy {:.4f}, error of the ink {:.5f} in {:.1f} s\n",
             example::accuracy(scores, digits.test_labels), F::mse_loss(ink, ink_of(test)).item<double>(),
             clock.seconds());
}
