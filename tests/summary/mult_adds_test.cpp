// Multiply-adds of layers beside loops that do the products one by one.
#include "ballast/summary/mult_adds.h"

#include <gtest/gtest.h>

#include "ballast/autograd/grad_mode.h"
#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"
#include "ballast/summary/summary.h"

namespace ballast {
namespace {

template <class Layer, class... Inputs>
std::uint64_t counted(const Layer& layer, const Inputs&... inputs) {
  const NoGradGuard no_grad;
  return count_mult_adds(*layer, {inputs...}, layer(inputs...)).value();
}

TEST(MultAdds, OfALinearAreOneForEachWeightAndBiasOfEachResult) {
  for (const bool bias : {true, false}) {
    std::uint64_t expected = 0;
    for (int position = 0; position < 2 * 3; ++position) {
      for (int out = 0; out < 5; ++out) {
        for (int in = 0; in < 4; ++in) ++expected;
        expected += bias;
      }
    }
    EXPECT_EQ(counted(nn::Linear(nn::LinearOptions(4, 5).bias(bias)), zeros({2, 3, 4})), expected);
  }
}

TEST(MultAdds, OfABilinearAreOneForEachPairOfInputs) {
  std::uint64_t expected = 0;
  for (int row = 0; row < 7; ++row) {
    for (int out = 0; out < 4; ++out) {
      for (int a = 0; a < 2; ++a) {
        for (int b = 0; b < 3; ++b) ++expected;
      }
      ++expected;  // the bias
    }
  }
  EXPECT_EQ(counted(nn::Bilinear(2, 3, 4), zeros({7, 2}), zeros({7, 3})), expected);
}

/// Products of a convolution of [n, in, h, w], padding included, done one by one.
std::uint64_t products(const nn::Conv2dOptions& o, std::int64_t n, std::int64_t h, std::int64_t w) {
  std::uint64_t count = 0;
  const auto places = [&](std::int64_t size, std::size_t d) {
    const std::int64_t reach = o.dilation()->at(d) * (o.kernel_size()->at(d) - 1) + 1;
    std::int64_t k = 0;
    for (std::int64_t at = 0; at + reach <= size + 2 * o.padding().values()->at(d); at += o.stride()->at(d)) {
      ++k;
    }
    return k;
  };
  for (std::int64_t i = 0; i < n * places(h, 0) * places(w, 1); ++i) {
    for (std::int64_t out = 0; out < o.out_channels(); ++out) {
      for (std::int64_t in = 0; in < o.in_channels() / o.groups(); ++in) {
        for (std::int64_t k = 0; k < o.kernel_size()->at(0) * o.kernel_size()->at(1); ++k) ++count;
      }
      count += o.bias();
    }
  }
  return count;
}

TEST(MultAdds, OfConvolutionsAreThoseOfTheirLoops) {
  const nn::Conv2dOptions cases[] = {
      nn::Conv2dOptions(2, 4, 3),
      nn::Conv2dOptions(2, 4, {3, 2}).stride(2).padding(1).bias(false),
      nn::Conv2dOptions(4, 4, 3).groups(4).dilation({1, 2}),
      nn::Conv2dOptions(6, 4, 1).groups(2),
  };
  for (const nn::Conv2dOptions& o : cases) {
    EXPECT_EQ(counted(nn::Conv2d(o), zeros({3, o.in_channels(), 7, 8})), products(o, 3, 7, 8));
  }
}

TEST(MultAdds, OfATransposedConvolutionAreOneForEachPlaceAnInputIsSpreadTo) {
  std::uint64_t expected = 0;
  for (int input = 0; input < 2 * 4 * 5; ++input) {  // [2, 4, 5]
    for (int out = 0; out < 6 / 2; ++out) {
      for (int k = 0; k < 3; ++k) ++expected;
    }
  }
  const nn::ConvTranspose1dOptions o = nn::ConvTranspose1dOptions(4, 6, 3).stride(2).groups(2);
  const std::uint64_t biases = 2 * 6 * ((5 - 1) * 2 + 3);
  EXPECT_EQ(counted(nn::ConvTranspose1d(o), zeros({2, 4, 5})), expected + biases);
  EXPECT_EQ(counted(nn::ConvTranspose1d(nn::ConvTranspose1dOptions(o).bias(false)), zeros({2, 4, 5})),
            expected);
}

TEST(MultAdds, OfRecurrentLayersAreTheirParametersAtEachStepOfEachSequence) {
  const nn::LSTM lstm(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true));
  std::uint64_t expected = 0;
  for (int step = 0; step < 5 * 2; ++step) {
    for (const Tensor& p : lstm->parameters()) expected += static_cast<std::uint64_t>(p.numel());
  }
  EXPECT_EQ(count_mult_adds(*lstm, {zeros({5, 2, 3})}, {}), expected);
  EXPECT_EQ(count_mult_adds(*nn::LSTM(nn::LSTMOptions(3, 4).batch_first(true)), {zeros({2, 5, 3})}, {}),
            10U * 4 * 4 * (3 + 4 + 2));
  EXPECT_EQ(count_mult_adds(*nn::GRUCell(3, 4), {zeros({6, 3})}, {}), 6U * 3 * 4 * (3 + 4 + 2));
  EXPECT_EQ(count_mult_adds(*nn::RNNCell(nn::RNNCellOptions(3, 4).bias(false)), {zeros({3})}, {}),
            1U * 4 * (3 + 4));
}

TEST(MultAdds, OfATiedWeightOfARecurrentLayerCountAtEachPlace) {
  nn::LSTM lstm(nn::LSTMOptions(4, 4).num_layers(2).bias(false));
  const auto all = count_mult_adds(*lstm, {zeros({3, 1, 4})}, {});
  lstm->register_parameter("weight_hh_l1", lstm->parameter("weight_hh_l0"));
  EXPECT_EQ(count_mult_adds(*lstm, {zeros({3, 1, 4})}, {}), all);
}

/// Attention of `length` queries over `keys` keys, by loops over what meets what.
std::uint64_t attention(std::uint64_t batch, std::uint64_t length, std::uint64_t keys, std::uint64_t added,
                        std::uint64_t embed, std::uint64_t key_size, std::uint64_t value_size) {
  std::uint64_t count = 0;
  for (std::uint64_t b = 0; b < batch; ++b) {
    for (std::uint64_t e = 0; e < embed; ++e) {
      for (std::uint64_t i = 0; i < length; ++i) {
        count += embed + 1;                                           // the query's projection
        for (std::uint64_t j = 0; j < keys + added; ++j) count += 2;  // its score, and its share of the value
        count += embed + 1;                                           // the output's projection
      }
      for (std::uint64_t j = 0; j < keys; ++j) count += key_size + 1 + value_size + 1;
    }
  }
  return count;
}

TEST(MultAdds, OfAttentionAreProjectionsScoresAndSums) {
  using Options = nn::MultiheadAttentionOptions;
  const auto count = [](const nn::MultiheadAttention& m, const Tensor& q, const Tensor& k, const Tensor& v) {
    return count_mult_adds(*m, {q, k, v}, {});
  };
  const Tensor x = zeros({5, 2, 8});
  EXPECT_EQ(count(nn::MultiheadAttention(8, 2), x, x, x), attention(2, 5, 5, 0, 8, 8, 8));
  EXPECT_EQ(count(nn::MultiheadAttention(8, 4), x.select(1, 0), x.select(1, 0), x.select(1, 0)),
            attention(1, 5, 5, 0, 8, 8, 8));
  const Tensor y = zeros({2, 5, 8}), keys = zeros({2, 7, 3}), values = zeros({2, 7, 4});
  const Options cross = Options(8, 2).kdim(3).vdim(4).batch_first(true).add_bias_kv(true).add_zero_attn(true);
  EXPECT_EQ(count(nn::MultiheadAttention(cross), y, keys, values), attention(2, 5, 7, 2, 8, 3, 4));
}

TEST(MultAdds, OfNormalisationsAreTheirScalesAndShifts) {
  const Tensor x = zeros({2, 4, 6});
  EXPECT_EQ(counted(nn::BatchNorm1d(4), x), 2U * 48);
  EXPECT_EQ(counted(nn::BatchNorm1d(nn::BatchNorm1dOptions(4).bias(false)), x), 48U);
  EXPECT_EQ(counted(nn::BatchNorm1d(nn::BatchNorm1dOptions(4).affine(false)), x), 0U);
  EXPECT_EQ(counted(nn::InstanceNorm1d(nn::InstanceNorm1dOptions(4).affine(true)), x), 2U * 48);
  EXPECT_EQ(counted(nn::GroupNorm(2, 4), x), 2U * 48);
  EXPECT_EQ(counted(nn::LayerNorm(nn::LayerNormOptions({4, 6})), x), 2U * 48);
  EXPECT_EQ(counted(nn::RMSNorm(nn::RMSNormOptions({6})), x), 48U);
  EXPECT_EQ(counted(nn::PReLU(), x), 48U);
}

TEST(MultAdds, OfLookingUpAreNoneUnlessRowsAreWeighted) {
  const Tensor rows = zeros({3, 5}, kInt64);
  EXPECT_EQ(counted(nn::Embedding(10, 4), rows), 0U);
  const nn::EmbeddingBag bag(nn::EmbeddingBagOptions(10, 4).mode(kSum));
  EXPECT_EQ(counted(bag, rows), 0U);
  EXPECT_EQ(counted(bag, rows, Tensor(), ones({3, 5})), 3U * 5 * 4);
}

struct OwnImpl : nn::Cloneable<OwnImpl> {
  OwnImpl() { bind_parameter("weight", weight, ones({4})); }
  Tensor forward(const Tensor& x) { return x * weight; }
  Tensor weight;
};
BALLAST_MODULE(Own);

TEST(MultAdds, AreUnknownForAClassOfOnesOwnThatHasParameters) {
  EXPECT_EQ(count_mult_adds(*Own(), {zeros({2, 4})}, zeros({2, 4})), std::nullopt);
  EXPECT_EQ(count_mult_adds(*nn::Sequential{Own()}, {zeros({2, 4})}, zeros({2, 4})), 0U);
  EXPECT_EQ(count_mult_adds(*nn::ReLU(), {zeros({2, 4})}, zeros({2, 4})), 0U);
}

TEST(MultAdds, OfOnesOwnLayersAreCountedByAFunction) {
  const nn::Sequential net{nn::Linear(4, 4), Own(), Own()};
  const ModelSummary unknown = summary(net, {.input_size = {2, 4}});
  EXPECT_FALSE(unknown.layers[0].mult_adds_known);
  EXPECT_TRUE(unknown.layers[0].own_mult_adds_known);
  EXPECT_FALSE(unknown.at("1").own_mult_adds_known);
  EXPECT_EQ(unknown.total().mult_adds, 40U);
  EXPECT_NE(unknown.text().find("Mult-adds: 40 and what Own does with parameters of its own\n"),
            std::string::npos)
      << unknown;

  const ModelSummary known =
      summary(net, {.input_size = {2, 4},
                    .mult_adds = [](const nn::Module& m, const std::vector<Tensor>&,
                                    const Tensor& out) -> std::optional<std::uint64_t> {
                      if (m.as<Own>() == nullptr) return std::nullopt;
                      return static_cast<std::uint64_t>(out.numel());
                    }});
  EXPECT_TRUE(known.layers[0].mult_adds_known);
  EXPECT_EQ(known.total().mult_adds, 40U + 8 + 8);
}

}  // namespace
}  // namespace ballast
