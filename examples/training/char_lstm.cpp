// An LSTM learns the next character of Shakespeare's plays. What is shared: one cell, over all steps of time.
#include "examples/training/example.h"

namespace nn = ballast::nn;
namespace F = ballast::nn::functional;
using ballast::Tensor;

constexpr std::int64_t kHidden = 128;
constexpr std::int64_t kLength = 48;

struct CharModelImpl : nn::Cloneable<CharModelImpl> {
  explicit CharModelImpl(std::int64_t characters)
      : embedding(characters, 32), lstm(32, kHidden), head(kHidden, characters) {
    bind_module("embedding", embedding);
    bind_module("lstm", lstm);
    bind_module("head", head);
  }
  Tensor forward(const Tensor& x) { return head(std::get<0>(lstm(embedding(x)))); }

  nn::Embedding embedding;
  nn::LSTM lstm;
  nn::Linear head;
};
BALLAST_MODULE(CharModel);

/// The gradient of an LSTM's weights against the sum of those of one cell for each step, all with the same weights.
double difference_from_unrolled(const nn::LSTM& lstm, const Tensor& x) {
  const auto weights = lstm->named_parameters();
  const Tensor whole =
      ballast::autograd::grad({std::get<0>(lstm(x)).pow(2).sum()}, {weights["weight_hh_l0"]})[0];
  std::vector<nn::LSTMCell> cells;
  Tensor h = ballast::zeros({x.size(1), kHidden});
  Tensor c = h;
  Tensor total = ballast::zeros({});
  for (std::int64_t t = 0; t < x.size(0); ++t) {
    nn::LSTMCell cell(x.size(2), kHidden);
    for (const char* name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
      cell->named_parameters()[name].data().copy_(weights[std::string(name) + "_l0"].data());
    }
    std::tie(h, c) = cell(x[t], std::make_tuple(h, c));
    total = total + h.pow(2).sum();
    cells.push_back(cell);
  }
  total.backward();
  Tensor sum = ballast::zeros_like(whole);
  for (const auto& cell : cells) sum += cell->weight_hh.grad();
  return example::relative_difference(sum, whole);
}

int main(int argc, char** argv) {
  const int steps = example::is_quick(argc, argv) ? 20 : 600;
  const example::Text text = example::load_text();
  const auto characters = static_cast<std::int64_t>(text.characters.size());
  ballast::manual_seed(0);
  CharModel model(characters);
  fmt::print("{}\n", model);
  std::int64_t cell = 0;
  for (const Tensor& p : model->lstm->parameters()) cell += p.numel();
  fmt::print("the cell: {} parameters used at {} steps; one of its own for each would be {}, {} bytes more\n",
             cell, kLength, kLength * cell, (kLength - 1) * cell * 4);
  {
    const Tensor x = model->embedding(example::windows(text, 12, 4).first).detach();
    fmt::print("gradient of the shared cell against the sum over one cell a step: {:.1e} apart\n",
               difference_from_unrolled(model->lstm, x));
  }

  ballast::manual_seed(0);
  ballast::optim::Adam adam(model->parameters(), ballast::optim::AdamOptions(5e-3));
  const example::Clock clock;
  double smooth = 0;
  for (int step = 1; step <= steps; ++step) {
    const auto [x, y] = example::windows(text, kLength, 32);
    adam.zero_grad();
    const Tensor loss = F::cross_entropy(model(x).reshape({-1, characters}), y.reshape({-1}));
    loss.backward();
    nn::utils::clip_grad_norm_(model->parameters(), 1.0);
    adam.step();
    smooth = step == 1 ? loss.item<double>() : 0.95 * smooth + 0.05 * loss.item<double>();
    if (step % 100 == 0 || step == steps) fmt::print("step {:3}: loss {:.4f}\n", step, smooth);
  }
  fmt::print("final loss {:.4f} (nothing learned: {:.4f}) in {:.1f} s\n", smooth,
             std::log(static_cast<double>(characters)), clock.seconds());
}
