// A small Transformer language model whose output layer is its embedding. What is shared: the table of characters, between
// reading and writing.
#include "examples/training/example.h"

namespace nn = ballast::nn;
namespace F = ballast::nn::functional;
using ballast::Tensor;

constexpr std::int64_t kWidth = 128;
constexpr std::int64_t kLength = 64;

struct LanguageModelImpl : nn::Cloneable<LanguageModelImpl> {
  explicit LanguageModelImpl(std::int64_t characters, bool tied = true)
      : embedding(characters, kWidth),
        position(kLength, kWidth),
        layers(nn::TransformerEncoderLayer(
                   nn::TransformerEncoderLayerOptions(kWidth, 4).dim_feedforward(256).dropout(0).norm_first(
                       true)),
               2),
        norm(nn::LayerNormOptions({kWidth})),
        output(nn::LinearOptions(kWidth, characters).bias(false)) {
    bind_module("embedding", embedding);
    bind_module("position", position);
    bind_module("layers", layers);
    bind_module("norm", norm);
    bind_module("output", output);
    nn::init::normal_(embedding->weight, 0, 0.1);
    nn::init::normal_(position->weight, 0, 0.1);
    if (tied) {
      output->weight = embedding->weight;
    } else {
      output->weight.data().copy_(embedding->weight.data());
    }
  }
  Tensor forward(const Tensor& x) {
    const Tensor places = ballast::arange(x.size(0)).unsqueeze(1);
    const Tensor mask = nn::TransformerImpl::generate_square_subsequent_mask(x.size(0));
    return output(norm(layers(embedding(x) + position(places), mask)));
  }

  nn::Embedding embedding, position;
  nn::TransformerEncoder layers;
  nn::LayerNorm norm;
  nn::Linear output;
};
BALLAST_MODULE(LanguageModel);

Tensor loss_of(const LanguageModel& model, const Tensor& x, const Tensor& y) {
  return F::cross_entropy(model(x).reshape({x.numel(), -1}), y.reshape({-1}));
}

int main(int argc, char** argv) {
  const int steps = example::is_quick(argc, argv) ? 10 : 500;
  const example::Text text = example::load_text();
  const auto characters = static_cast<std::int64_t>(text.characters.size());
  ballast::manual_seed(0);
  LanguageModel model(characters);
  fmt::print("{}\n", model);
  for (const auto& group : nn::tied_parameters(*model)) fmt::print("{}\n", group);
  fmt::print("{}\n", nn::tying_savings(*model));
  {
    ballast::manual_seed(0);
    LanguageModel apart(characters, false);
    (void)apart->load_state_dict(model->state_dict());
    const auto [x, y] = example::windows(text, 16, 4);
    loss_of(model, x, y).backward();
    loss_of(apart, x, y).backward();
    fmt::print("tied gradient against embedding's + output's: {:.1e} apart\n",
               example::relative_difference(apart->embedding->weight.grad() + apart->output->weight.grad(),
                                            model->embedding->weight.grad()));
    model->zero_grad();
  }

  ballast::manual_seed(0);
  ballast::optim::AdamW adam(model->parameters(), ballast::optim::AdamWOptions(4e-3));
  ballast::optim::OneCycleLR schedule(adam, {.max_lr = {4e-3}, .total_steps = steps});
  const example::Clock clock;
  double smooth = 0;
  for (int step = 1; step <= steps; ++step) {
    const auto [x, y] = example::windows(text, kLength, 32);
    adam.zero_grad();
    const Tensor loss = loss_of(model, x, y);
    loss.backward();
    nn::utils::clip_grad_norm_(model->parameters(), 1.0);
    adam.step();
    schedule.step();
    smooth = step == 1 ? loss.item<double>() : 0.95 * smooth + 0.05 * loss.item<double>();
    if (step % 100 == 0 || step == steps) fmt::print("step {:3}: loss {:.4f}\n", step, smooth);
  }
  fmt::print("final loss {:.4f} (nothing learned: {:.4f}) in {:.1f} s\n", smooth,
             std::log(static_cast<double>(characters)), clock.seconds());
}
