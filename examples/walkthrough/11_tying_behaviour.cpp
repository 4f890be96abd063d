// What sharing means: one memory, used twice by the forward pass, with the gradients of both uses added up.
#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_repr;
using ballast::Tensor;
namespace nn = ballast::nn;

int main() {
  ballast::manual_seed(0);
  nn::Linear shared(3, 3);
  nn::Sequential net{nn::Linear(2, 3), nn::ReLU(), shared, nn::ReLU(), shared, nn::ReLU(), nn::Linear(3, 1)};
  const auto layer = [&](std::size_t i) { return net[i]->as<nn::Linear>(); };

  fmt::print("{}\n", python_repr(layer(2)->weight.is_same(layer(4)->weight)));
  fmt::print("{}\n", layer(2)->weight.data()[0] == layer(4)->weight.data()[0]);
  layer(2)->weight.data()[0][0] = 100;
  fmt::print("{}\n", layer(4)->weight);
  layer(2)->weight.data()[0][0] = 0.5;

  const Tensor x = ballast::tensor({{1.0, -2.0}, {0.5, 3.0}});
  net(x).sum().backward();
  fmt::print("{}\n", layer(2)->weight.grad());

  // the same network with two separate layers that hold equal values
  ballast::manual_seed(0);
  nn::Linear first(3, 3);
  nn::Linear second(3, 3);
  (void)second->load_state_dict(net[2]->state_dict());
  (void)first->load_state_dict(net[2]->state_dict());
  nn::Sequential apart{nn::Linear(2, 3), nn::ReLU(), first, nn::ReLU(), second, nn::ReLU(), nn::Linear(3, 1)};
  (void)apart[0]->load_state_dict(net[0]->state_dict());
  (void)apart[6]->load_state_dict(net[6]->state_dict());
  apart(x).sum().backward();
  fmt::print("{}\n",
             python_repr((first->weight.grad() + second->weight.grad()).equal(layer(2)->weight.grad())));
  const auto count = [](const nn::Sequential& model) {
    std::int64_t n = 0;
    for (const Tensor& p : model->parameters()) {
      n += p.numel();
    }
    return n;
  };
  fmt::print("{} {}\n", count(net), count(apart));

  net->zero_grad();
  fmt::print("{}\n", layer(2)->weight.grad());
  ballast::optim::SGD opt(net->parameters(), 0.1);
  const Tensor before = layer(4)->bias.detach().clone();
  net(x).sum().backward();
  opt.step();
  fmt::print("{}\n", layer(4)->bias - before);
  fmt::print("{}\n", python_repr(layer(2)->bias.equal(layer(4)->bias)));
}
