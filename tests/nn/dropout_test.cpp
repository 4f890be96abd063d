// Dropout: PyTorch's masks for a seed, the edges, evaluation, gradients.
#include "ballast/ops/dropout.h"

#include <cstdio>
#include <functional>
#include <map>

#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/nn/containers/sequential.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

namespace F = nn::functional;
using testing::bytes_of;
using testing::Json;
using testing::text_of;
using testing::WarningLog;

using Function = std::function<Tensor(const Tensor& x, double p, bool inplace)>;

template <class Options>
Options training(double p, bool inplace) {
  return Options().p(p).training(true).inplace(inplace);
}

const std::map<std::string, Function>& functions() {
  using D = F::DropoutFuncOptions;
  using A = F::AlphaDropoutFuncOptions;
  static const std::map<std::string, Function> table{
      {"dropout", [](const Tensor& x, double p, bool in) { return F::dropout(x, training<D>(p, in)); }},
      {"dropout1d", [](const Tensor& x, double p, bool in) { return F::dropout1d(x, training<D>(p, in)); }},
      {"dropout2d", [](const Tensor& x, double p, bool in) { return F::dropout2d(x, training<D>(p, in)); }},
      {"dropout3d", [](const Tensor& x, double p, bool in) { return F::dropout3d(x, training<D>(p, in)); }},
      {"alpha_dropout",
       [](const Tensor& x, double p, bool in) { return F::alpha_dropout(x, training<A>(p, in)); }},
      {"feature_alpha_dropout",
       [](const Tensor& x, double p, bool in) { return F::feature_alpha_dropout(x, training<A>(p, in)); }},
      {"rrelu", [](const Tensor& x, double,
                   bool in) { return F::rrelu(x, F::RReLUFuncOptions().training(true).inplace(in)); }},
  };
  return table;
}

DType dtype_named(const std::string& name) {
  return name == "float64"    ? kFloat64
         : name == "float16"  ? kFloat16
         : name == "bfloat16" ? kBFloat16
                              : kFloat32;
}

TEST(DropoutGolden, SeedsGiveThePyTorchBitsAndLeaveTheStreamWhereItIsThere) {
  std::size_t compared = 0;
  for (const Json& c : testing::read_json_lines("functions/dropout.jsonl")) {
    SCOPED_TRACE(c["fn"].get<std::string>() + c["shape"].dump() + c["dtype"].dump() + c["seed"].dump() +
                 c["p"].dump());
    const auto sizes = c["shape"].get<std::vector<std::int64_t>>();
    std::int64_t n = 1;
    for (const std::int64_t size : sizes) n *= size;
    Tensor x = arange(1, n + 1, kFloat32);
    if (c["fn"] == "rrelu") x = (x - 12) / 8;
    x = x.reshape(sizes).to(dtype_named(c["dtype"].get<std::string>()));
    const Function& f = functions().at(c["fn"].get<std::string>());
    for (const bool inplace : {false, true}) {
      const Tensor input = x.clone();
      manual_seed(c["seed"].get<std::uint64_t>());
      const Tensor out = f(input, c["p"].get<double>(), inplace);
      EXPECT_EQ(testing::to_hex(bytes_of(out)), c["hex"].get<std::string>());
      EXPECT_EQ(rand({1}, kFloat64).item<double>(), c["after"].get<double>());
      EXPECT_EQ(bytes_of(input) == bytes_of(inplace ? out : x), true);
      ++compared;
    }
  }
  std::printf("%zu results compared\n", compared);
}

TEST(Dropout, EvaluationIsTheIdentity) {
  const Tensor x = randn({4, 3, 2});
  nn::Dropout drop(0.7);
  drop->eval();
  EXPECT_TRUE(drop->forward(x).is_same(x));
  nn::AlphaDropout alpha;
  alpha->eval();
  EXPECT_TRUE(alpha->forward(x).is_same(x));
  nn::Sequential net(nn::Dropout1d(0.5), nn::FeatureAlphaDropout(0.5), nn::Dropout2d(0.5));
  net->eval();
  EXPECT_TRUE(equal(net->forward(x), x));
}

TEST(Dropout, LayersDrawWhatTheirFunctionsDraw) {
  const Tensor x = randn({4, 3, 2, 2, 2});
  const auto same = [&](auto layer, const char* name) {
    manual_seed(3);
    const Tensor of_layer = layer->forward(x);
    manual_seed(3);
    EXPECT_TRUE(equal(of_layer, functions().at(name)(x, 0.25, false))) << name;
  };
  same(nn::Dropout(0.25), "dropout");
  same(nn::Dropout2d(0.25), "dropout2d");
  same(nn::Dropout3d(0.25), "dropout3d");
  same(nn::AlphaDropout(0.25), "alpha_dropout");
  same(nn::FeatureAlphaDropout(0.25), "feature_alpha_dropout");
}

TEST(Dropout, GradientPassesWhereTheMaskDid) {
  std::size_t checked = 0;
  for (const auto& [name, f] : functions()) {
    const std::vector<std::int64_t> sizes =
        name == "dropout1d" ? std::vector<std::int64_t>{5, 4, 3} : std::vector<std::int64_t>{3, 4, 2, 2, 1};
    Tensor x = randn(sizes, kFloat64);
    x = x.add(x.sign().mul(0.1));
    x.requires_grad_();
    for (const bool inplace : {false, true}) {
      const auto seeded = [&, of = &f](const autograd::variable_list& in) {
        manual_seed(11);
        return autograd::variable_list{(*of)(inplace ? in[0].mul(1) : in[0], 0.4, inplace)};
      };
      EXPECT_NO_THROW(autograd::gradcheck(seeded, {x})) << name;
      EXPECT_NO_THROW(autograd::gradgradcheck(seeded, {x})) << name;
      ++checked;
    }
  }
  std::printf("%zu functions checked\n", checked);
}

TEST(Dropout, MeanAndVarianceStay) {
  manual_seed(0);
  const Tensor x = randn({100000}, kFloat64);
  EXPECT_NEAR(F::dropout(ones({100000})).mean().item<double>(), 1, 0.02);
  const Tensor alpha = F::alpha_dropout(x, F::AlphaDropoutFuncOptions().p(0.3).training(true));
  EXPECT_NEAR(alpha.mean().item<double>(), 0, 0.02);
  EXPECT_NEAR(alpha.std().item<double>(), 1, 0.02);
}

TEST(Dropout, ChannelsDropWhole) {
  manual_seed(5);
  const Tensor y = F::dropout2d(ones({8, 6, 3, 3}));
  const Tensor sums = y.reshape({48, 9}).sum(1);
  for (std::int64_t i = 0; i < 48; ++i) {
    const auto sum = sums[i].item<double>();
    EXPECT_TRUE(sum == 0 || sum == 18) << sum;
  }
}

TEST(Dropout, ProbabilitiesAndRanksAreChecked) {
  const Tensor x = ones({2, 3, 4});
  EXPECT_EQ(text_of<ValueError>([] { nn::Dropout drop(1.5); }),
            "dropout probability has to be between 0 and 1, but got 1.5");
  EXPECT_EQ(text_of<ValueError>([&] { F::dropout(x, F::DropoutFuncOptions().p(1.5)); }),
            "dropout probability has to be between 0 and 1, but got 1.5");
  EXPECT_EQ(text_of<ValueError>([&] { static_cast<void>(ballast::dropout(x, -0.5, false)); }),
            "dropout probability has to be between 0 and 1, but got -0.5");
  EXPECT_EQ(text_of<ShapeError>([] { static_cast<void>(feature_dropout(ones({3}), 0.5, true)); }),
            "Feature dropout requires at least 2 dimensions in the input");
  EXPECT_EQ(text_of<ShapeError>([] {
              F::dropout1d(ones({3}));
            }).find("dropout1d: Expected 2D or 3D input, but received a 1D input."),
            0U);
  EXPECT_EQ(text_of<DTypeError>([] { static_cast<void>(ballast::dropout(ones({3}, kInt64), 0.5, true)); }),
            "result type Float can't be cast to the desired output type Long");
}

TEST(Dropout, UnusualRanksAreWarnedOf) {
  WarningLog log;
  F::dropout2d(ones({2, 3, 4}));
  F::dropout3d(ones({2, 3}));
  ASSERT_EQ(log.texts.size(), 2U);
  EXPECT_EQ(log.texts[0].find("dropout2d: Received a 3D input to dropout2d and assuming"), 0U);
  EXPECT_EQ(log.texts[1].find("dropout3d: Received a 2-D input to dropout3d, which is deprecated"), 0U);
}

}  // namespace
}  // namespace ballast
