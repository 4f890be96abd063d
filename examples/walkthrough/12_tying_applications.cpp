// Where tying is used: a language model whose decoder is its embedding, and an autoencoder whose decoder is its encoder.
#include <cmath>
#include <string>

#include <ballast/ballast.h>
#include <fmt/format.h>

using ballast::python_list;
using ballast::python_repr;
using ballast::StateDict;
using ballast::Tensor;
namespace nn = ballast::nn;
namespace F = ballast::nn::functional;

struct LMImpl : nn::Cloneable<LMImpl> {
  nn::Embedding embedding{5, 3};
  nn::Linear decoder{nn::LinearOptions(3, 5).bias(false)};

  LMImpl() {
    bind_module("embedding", embedding);
    bind_module("decoder", decoder);
    decoder->weight = embedding->weight;
  }
};
BALLAST_MODULE(LM);

struct AutoEncoderImpl : nn::Cloneable<AutoEncoderImpl> {
  nn::Linear encoder{4, 2};
  Tensor decoder_bias;

  AutoEncoderImpl() {
    bind_module("encoder", encoder);
    bind_parameter("decoder_bias", decoder_bias, ballast::zeros(4));
  }

  Tensor forward(const Tensor& x) {
    const Tensor h = ballast::tanh(encoder(x));
    return F::linear(h, encoder->weight.t(), decoder_bias);
  }
};
BALLAST_MODULE(AutoEncoder);

int main() {
  ballast::manual_seed(0);
  LM lm;
  fmt::print("{}\n", lm);
  fmt::print("{}\n", python_list(lm->named_parameters().keys()));
  fmt::print("{}\n", python_list(lm->named_parameters({.remove_duplicate = false}).keys()));
  fmt::print("{}\n", lm->state_dict());
  AutoEncoder ae;
  fmt::print("{}\n", ae);
  const Tensor x = ballast::tensor({{1.0, 2.0, 3.0, 4.0}});
  const Tensor loss = F::mse_loss(ae(x), x);
  fmt::print("{}\n", python_repr(std::round(loss.item<double>() * 1e4) / 1e4));
  loss.backward();
  fmt::print("{}\n", ae->encoder->weight.grad());
  for (const auto& [name, param] : ae->named_parameters()) {
    fmt::print("{} {}\n", name, param);
  }

  // loading a tied model breaks no tie
  StateDict sd;
  for (const auto& [k, v] : lm->state_dict()) {
    sd.insert(k, v.clone());
  }
  sd["embedding.weight"].zero_();
  sd["decoder.weight"].fill_(1);
  fmt::print("{}\n", lm->load_state_dict(sd));
  fmt::print("{}\n", python_repr(lm->embedding->weight.is_same(lm->decoder->weight)));
  fmt::print("{}\n", lm->embedding->weight);
}
