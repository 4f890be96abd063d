// Gradients of whole layers, with respect to inputs and every parameter, and the gradients of these, against differences.
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/generator.h"
#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using autograd::variable_list;

Tensor in(IntArrayRef sizes) { return randn(sizes, kFloat64).requires_grad_(); }
/// The same, not contiguous.
Tensor strided(IntArrayRef sizes) {
  Dims wide(sizes);
  wide.back() *= 2;
  return randn(wide, kFloat64).slice(-1, 0, wide.back(), 2).detach().requires_grad_();
}

/// Checks `forward` of a module as a function of its inputs and of its parameters, which are put in place one by one.
class ModuleGrad : public testing::Test {
 protected:
  ModuleGrad() { manual_seed(3); }
  ~ModuleGrad() override { std::cout << cases_ << " layers\n"; }

  template <class Holder>
  void check(const std::string& name, Holder module, const variable_list& inputs,
             const std::function<variable_list(Holder&, const variable_list&)>& forward, bool twice = true) {
    module->to(kFloat64);
    variable_list all = inputs;
    std::vector<std::string> names;
    for (const auto& [path, p] : module->named_parameters()) {
      // What begins as 0 or 1 is moved, so that no gradient is right by chance.
      const NoGradGuard no_grad;
      p.add_(randn(p.sizes(), kFloat64).mul(0.1));
      names.push_back(path);
      all.push_back(p);
    }
    const auto f = [&](const variable_list& given) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        const std::size_t dot = names[i].rfind('.');
        const std::string parent = dot == std::string::npos ? "" : names[i].substr(0, dot);
        const std::string leaf = dot == std::string::npos ? names[i] : names[i].substr(dot + 1);
        module->get_submodule(parent)->register_parameter(leaf, given[inputs.size() + i]);
      }
      return forward(module, given);
    };
    try {
      autograd::gradcheck(f, all);
      if (twice) autograd::gradgradcheck(f, all);
    } catch (const Error& e) {
      ADD_FAILURE() << name << ": " << e.what();
    }
    ++cases_;
  }

 private:
  int cases_ = 0;
};

template <class Holder>
variable_list of_one(Holder& m, const variable_list& x) {
  return {m->forward(x[0])};
}

TEST_F(ModuleGrad, LinearLayers) {
  check<nn::Linear>("Linear", nn::Linear(3, 2), {strided({2, 2, 3})}, of_one<nn::Linear>);
  check<nn::Linear>("Linear without bias", nn::Linear(nn::LinearOptions(3, 2).bias(false)), {in({3})},
                    of_one<nn::Linear>);
  for (const bool bias : {true, false}) {
    check<nn::Bilinear>(
        "Bilinear", nn::Bilinear(nn::BilinearOptions(2, 3, 2).bias(bias)), {strided({2, 2}), in({2, 3})},
        [](nn::Bilinear& m, const variable_list& x) -> variable_list { return {m->forward(x[0], x[1])}; });
  }
}

TEST_F(ModuleGrad, Normalisations) {
  check<nn::LayerNorm>("LayerNorm", nn::LayerNorm(nn::LayerNormOptions({2, 3})), {strided({2, 2, 3})},
                       of_one<nn::LayerNorm>);
  check<nn::RMSNorm>("RMSNorm", nn::RMSNorm(nn::RMSNormOptions({3})), {strided({2, 3})}, of_one<nn::RMSNorm>);
  check<nn::GroupNorm>("GroupNorm", nn::GroupNorm(nn::GroupNormOptions(2, 4)), {strided({2, 4, 3})},
                       of_one<nn::GroupNorm>);
  check<nn::BatchNorm1d>("BatchNorm1d", nn::BatchNorm1d(2), {strided({3, 2, 2})}, of_one<nn::BatchNorm1d>);
  check<nn::InstanceNorm1d>("InstanceNorm1d", nn::InstanceNorm1d(nn::InstanceNorm1dOptions(2).affine(true)),
                            {strided({2, 2, 3})}, of_one<nn::InstanceNorm1d>);
}

TEST_F(ModuleGrad, Convolutions) {
  check<nn::Conv1d>("Conv1d", nn::Conv1d(nn::Conv1dOptions(2, 2, 2).padding(1).padding_mode(kCircular)),
                    {strided({2, 2, 3})}, of_one<nn::Conv1d>);
  check<nn::Conv2d>("Conv2d",
                    nn::Conv2d(nn::Conv2dOptions(2, 4, 2).groups(2).stride({2, 1}).dilation({1, 2})),
                    {strided({1, 2, 3, 4})}, of_one<nn::Conv2d>);
  check<nn::ConvTranspose1d>(
      "ConvTranspose1d",
      nn::ConvTranspose1d(nn::ConvTranspose1dOptions(2, 1, 3).stride(2).padding(1).output_padding(1)),
      {strided({2, 2, 2})},
      [](nn::ConvTranspose1d& m, const variable_list& x) -> variable_list { return {m->forward(x[0])}; });
}

TEST_F(ModuleGrad, RecurrentLayers) {
  check<nn::RNN>("RNN", nn::RNN(nn::RNNOptions(2, 2).num_layers(2).nonlinearity(kReLU)),
                 {strided({3, 2, 2}), in({2, 2, 2})},
                 [](nn::RNN& m, const variable_list& x) -> variable_list {
                   auto [y, h] = m->forward(x[0], x[1]);
                   return {y, h};
                 });
  check<nn::LSTM>("LSTM", nn::LSTM(nn::LSTMOptions(2, 2).bidirectional(true).proj_size(1).batch_first(true)),
                  {strided({2, 3, 2}), in({2, 2, 1}), in({2, 2, 2})},
                  [](nn::LSTM& m, const variable_list& x) -> variable_list {
                    auto [y, state] = m->forward(x[0], std::tuple(x[1], x[2]));
                    return {y, std::get<0>(state), std::get<1>(state)};
                  });
  check<nn::GRU>(
      "GRU", nn::GRU(nn::GRUOptions(2, 2).bias(false).bidirectional(true)), {in({2, 1, 2})},
      [](nn::GRU& m, const variable_list& x) -> variable_list { return {std::get<0>(m->forward(x[0]))}; });
  check<nn::RNNCell>(
      "RNNCell", nn::RNNCell(2, 2), {strided({2, 2}), in({2, 2})},
      [](nn::RNNCell& m, const variable_list& x) -> variable_list { return {m->forward(x[0], x[1])}; });
  check<nn::GRUCell>(
      "GRUCell", nn::GRUCell(2, 2), {strided({2, 2}), in({2, 2})},
      [](nn::GRUCell& m, const variable_list& x) -> variable_list { return {m->forward(x[0], x[1])}; });
  check<nn::LSTMCell>("LSTMCell", nn::LSTMCell(2, 2), {strided({2, 2}), in({2, 2}), in({2, 2})},
                      [](nn::LSTMCell& m, const variable_list& x) -> variable_list {
                        auto [h, c] = m->forward(x[0], std::tuple(x[1], x[2]));
                        return {h, c};
                      });
}

TEST_F(ModuleGrad, Attention) {
  const Tensor mask = tensor({{0.0, -1.0, 0.5}, {0.25, 0.0, -2.0}}, kFloat64);
  const Tensor hidden = tensor({{0, 0, 1}, {0, 1, 0}}).to(kBool);
  check<nn::MultiheadAttention>("MultiheadAttention", nn::MultiheadAttention(4, 2),
                                {strided({2, 2, 4}), in({3, 2, 4})},
                                [&](nn::MultiheadAttention& m, const variable_list& x) -> variable_list {
                                  auto [y, w] = m->forward(x[0], x[1], x[1], hidden, true, mask);
                                  return {y, w};
                                });
  check<nn::MultiheadAttention>(
      "MultiheadAttention of other widths",
      nn::MultiheadAttention(
          nn::MultiheadAttentionOptions(2, 1).kdim(3).vdim(1).add_bias_kv(true).add_zero_attn(true)),
      {in({2, 1, 2}), in({2, 1, 3}), strided({2, 1, 1})},
      [](nn::MultiheadAttention& m, const variable_list& x) -> variable_list {
        return {std::get<0>(m->forward(x[0], x[1], x[2], {}, false))};
      });
  int cases = 0;
  for (const bool causal : {false, true}) {
    for (const bool masked : {false, true}) {
      if (causal && masked) continue;
      const auto f = [&](const variable_list& x) -> variable_list {
        return {nn::functional::scaled_dot_product_attention(x[0], x[1], x[2], masked ? mask : Tensor(), 0,
                                                             causal, 0.7, true)};
      };
      const variable_list x{strided({2, 2, 2}), in({1, 3, 2}), strided({1, 3, 2})};
      EXPECT_NO_THROW(autograd::gradcheck(f, x));
      EXPECT_NO_THROW(autograd::gradgradcheck(f, x));
      ++cases;
    }
  }
  std::cout << cases << " cases of scaled_dot_product_attention\n";
}

TEST_F(ModuleGrad, Transformers) {
  for (const bool first : {false, true}) {
    auto options = nn::TransformerEncoderLayerOptions(2, 1).dim_feedforward(2).dropout(0).norm_first(first);
    if (first) options.activation(kGELU);
    check<nn::TransformerEncoderLayer>("TransformerEncoderLayer", nn::TransformerEncoderLayer(options),
                                       {strided({2, 1, 2})}, of_one<nn::TransformerEncoderLayer>);
  }
  check<nn::TransformerDecoderLayer>(
      "TransformerDecoderLayer",
      nn::TransformerDecoderLayer(nn::TransformerDecoderLayerOptions(2, 1).dim_feedforward(2).dropout(0)),
      {strided({2, 1, 2}), in({2, 1, 2})},
      [](nn::TransformerDecoderLayer& m, const variable_list& x) -> variable_list {
        return {m->forward(x[0], x[1])};
      });
}

TEST_F(ModuleGrad, AdaptiveSoftmax) {
  check<nn::AdaptiveLogSoftmaxWithLoss>(
      "AdaptiveLogSoftmaxWithLoss",
      nn::AdaptiveLogSoftmaxWithLoss(nn::AdaptiveLogSoftmaxWithLossOptions(4, 6, {2, 4}).div_value(2)),
      {strided({4, 4})}, [](nn::AdaptiveLogSoftmaxWithLoss& m, const variable_list& x) -> variable_list {
        const auto out = m->forward(x[0], tensor({0, 5, 2, 3}));
        return {out.output};
      });
}

TEST(ShapeGrad, WhatOnlyMovesElements) {
  manual_seed(4);
  const std::vector<std::function<Tensor(const Tensor&)>> functions{
      [](const Tensor& x) { return x.flatten(1); },
      [](const Tensor& x) { return triu(x, 1); },
      [](const Tensor& x) { return tril(x, -1); },
      [](const Tensor& x) {
        return unflatten(x, 2, {2, 2});
      },
      [](const Tensor& x) {
        return view_as_real(view_as_complex(x.contiguous().view({2, 3, 2, 2})));
      },
  };
  for (const auto& function : functions) {
    const auto f = [&](const variable_list& x) -> variable_list { return {function(x[0]).pow(2)}; };
    EXPECT_NO_THROW(autograd::gradcheck(f, {strided({2, 3, 4})}));
    EXPECT_NO_THROW(autograd::gradgradcheck(f, {in({2, 3, 4})}));
  }
}

}  // namespace
}  // namespace ballast
