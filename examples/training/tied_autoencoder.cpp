// An autoencoder whose decoder is its encoder transposed. What is shared: every weight, between the two directions.
#include "examples/training/example.h"

namespace data = ballast::data;
namespace nn = ballast::nn;
namespace F = ballast::nn::functional;
using ballast::Tensor;

struct TiedAutoencoderImpl : nn::Cloneable<TiedAutoencoderImpl> {
  nn::Linear first{64, 32};
  nn::Linear second{32, 12};
  Tensor bias1, bias2;

  TiedAutoencoderImpl() {
    bind_module("first", first);
    bind_module("second", second);
    bind_parameter("bias1", bias1, ballast::zeros(32));
    bind_parameter("bias2", bias2, ballast::zeros(64));
  }
  Tensor encode(const Tensor& x) { return ballast::sigmoid(second(ballast::sigmoid(first(x)))); }
  Tensor decode(const Tensor& code) { return decode(code, first->weight, second->weight); }
  Tensor decode(const Tensor& code, const Tensor& w1, const Tensor& w2) {
    return ballast::sigmoid(F::linear(ballast::sigmoid(F::linear(code, w2.t(), bias1)), w1.t(), bias2));
  }
  Tensor forward(const Tensor& x) { return decode(encode(x)); }
};
BALLAST_MODULE(TiedAutoencoder);

int main(int argc, char** argv) {
  const int epochs = example::is_quick(argc, argv) ? 2 : 60;
  const example::Digits digits = example::load_digits();
  const Tensor train = digits.train_images.flatten(1);
  const Tensor test = digits.test_images.flatten(1);
  ballast::manual_seed(0);
  TiedAutoencoder net;
  fmt::print("{}\n", net);
  const std::int64_t shared = net->first->weight.numel() + net->second->weight.numel();
  std::int64_t held = 0;
  for (const Tensor& p : net->parameters()) held += p.numel();
  fmt::print("{} parameters; untied it would be {}: tying saves {} bytes\n", held, held + shared, shared * 4);
  {
    // The same network with weights of its own in the decoder: their gradients and the encoder's add up to the tied one's.
    const Tensor x = train.slice(0, 0, 32);
    const Tensor w1 = net->first->weight;
    const Tensor tied = ballast::autograd::grad({F::mse_loss(net(x), x)}, {w1})[0];
    const Tensor decoder1 = w1.detach().clone().requires_grad_();
    const Tensor decoder2 = net->second->weight.detach().clone().requires_grad_();
    const auto apart = ballast::autograd::grad(
        {F::mse_loss(net->decode(net->encode(x), decoder1, decoder2), x)}, {w1, decoder1});
    fmt::print("tied gradient against encoder's + decoder's: {:.1e} apart\n",
               example::relative_difference(apart[0] + apart[1], tied));
  }

  ballast::optim::Adam adam(net->parameters(), ballast::optim::AdamOptions(1e-2));
  const data::DataLoader batches(data::TensorDataset{train}, {.batch_size = 64, .shuffle = true});
  const example::Clock clock;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    double loss_sum = 0;
    for (const auto& [x] : batches) {
      adam.zero_grad();
      const Tensor loss = F::mse_loss(net(x), x);
      loss.backward();
      adam.step();
      loss_sum += loss.item<double>() * static_cast<double>(x.size(0));
    }
    if (epoch % 20 == 0 || epoch == epochs) fmt::print("epoch {:2}: loss {:.5f}\n", epoch, loss_sum / 1500);
  }
  const ballast::NoGradGuard no_grad;
  fmt::print("test error {:.5f} (answering the mean image: {:.5f}) in {:.1f} s\n",
             F::mse_loss(net(test), test).item<double>(),
             F::mse_loss(train.mean(0).expand({test.size(0), 64}), test).item<double>(), clock.seconds());
}
