// What the golden cases do not show of activations: in place, other types, errors, layers.
#include <cmath>
#include <cstdio>
#include <functional>

#include "tests/nn/function_cases.h"
#include "tests/nn/warning_log.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/parallel.h"
#include "ballast/nn/containers/sequential.h"
#include "ballast/nn/functional.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

namespace F = nn::functional;
using testing::bytes_of;
using testing::text_of;
using testing::WarningLog;

struct WithInplace {
  const char* name;
  std::function<Tensor(const Tensor&, bool)> call;
};

const std::vector<WithInplace>& with_inplace() {
  static const std::vector<WithInplace> all{
      {"relu", [](const Tensor& x, bool in) { return F::relu(x, in); }},
      {"relu6", [](const Tensor& x, bool in) { return F::relu6(x, in); }},
      {"silu", [](const Tensor& x, bool in) { return F::silu(x, in); }},
      {"mish", [](const Tensor& x, bool in) { return F::mish(x, in); }},
      {"selu", [](const Tensor& x, bool in) { return F::selu(x, in); }},
      {"hardsigmoid", [](const Tensor& x, bool in) { return F::hardsigmoid(x, in); }},
      {"hardswish", [](const Tensor& x, bool in) { return F::hardswish(x, in); }},
      {"elu", [](const Tensor& x, bool in) { return F::elu(x, F::ELUFuncOptions(0.7).inplace(in)); }},
      {"celu", [](const Tensor& x, bool in) { return F::celu(x, F::CELUFuncOptions(0.7).inplace(in)); }},
      {"hardtanh",
       [](const Tensor& x, bool in) { return F::hardtanh(x, F::HardtanhFuncOptions().inplace(in)); }},
      {"leaky_relu",
       [](const Tensor& x, bool in) { return F::leaky_relu(x, F::LeakyReLUFuncOptions(0.2).inplace(in)); }},
      {"leaky_relu below 0",
       [](const Tensor& x, bool in) { return F::leaky_relu(x, F::LeakyReLUFuncOptions(-0.2).inplace(in)); }},
      {"rrelu", [](const Tensor& x, bool in) { return F::rrelu(x, F::RReLUFuncOptions().inplace(in)); }},
      {"threshold", [](const Tensor& x,
                       bool in) { return F::threshold(x, F::ThresholdFuncOptions(0.3, 5.0).inplace(in)); }},
      {"threshold below",
       [](const Tensor& x, bool in) {
         return F::threshold(x, F::ThresholdFuncOptions(0.3, -5.0).inplace(in));
       }},
  };
  return all;
}

/// Numbers away from every kink in use.
Tensor sample(std::vector<std::int64_t> sizes, DType dtype = kFloat64) {
  const std::int64_t n = [&] {
    std::int64_t product = 1;
    for (const std::int64_t s : sizes) product *= s;
    return product;
  }();
  return ((arange(0, n, kFloat64) - static_cast<double>(n) / 2) * 0.37 + 0.11).reshape(sizes).to(dtype);
}

Tensor whole(const std::vector<std::int64_t>& values) {
  Tensor t = empty({static_cast<std::int64_t>(values.size())}, kInt64);
  std::copy(values.begin(), values.end(), t.data_ptr<std::int64_t>());
  return t;
}

TEST(ActivationInplace, GivesTheSameInTheInputsMemoryAndTheSameGradients) {
  std::size_t checked = 0;
  for (const WithInplace& f : with_inplace()) {
    SCOPED_TRACE(f.name);
    for (const bool turned : {false, true}) {
      Tensor x = sample({4, 5});
      if (turned) x = x.t();
      const Tensor input = turned ? x.t().clone().t() : x.clone();
      const Tensor out = f.call(input, true);
      EXPECT_TRUE(out.is_same(input));
      EXPECT_EQ(bytes_of(out), bytes_of(f.call(x, false)));

      x.requires_grad_();
      const auto plain = [&](const autograd::variable_list& in) {
        return autograd::variable_list{f.call(in[0].mul(1.5), false)};
      };
      const auto inplace = [&](const autograd::variable_list& in) {
        return autograd::variable_list{f.call(in[0].mul(1.5), true)};
      };
      const Tensor seed = randn(x.sizes(), kFloat64);
      const auto a = autograd::grad(plain({x}), {x}, {seed});
      const auto b = autograd::grad(inplace({x}), {x}, {seed});
      EXPECT_TRUE(allclose(a[0], b[0], 1e-13, 1e-13));
      EXPECT_NO_THROW(autograd::gradcheck(inplace, {x}));
      EXPECT_NO_THROW(autograd::gradgradcheck(inplace, {x}));
      // In a view of something larger, the rest stays.
      const Tensor whole = sample({4, 5, 2});
      const Tensor before = whole.clone();
      static_cast<void>(f.call(whole.select(2, 1), true));
      EXPECT_TRUE(equal(whole.select(2, 0), before.select(2, 0)));
      EXPECT_TRUE(equal(whole.select(2, 1), f.call(before.select(2, 1), false)));
      ++checked;
    }
    Tensor leaf = sample({3}).clone().requires_grad_();
    EXPECT_EQ(text_of([&] {
                static_cast<void>(f.call(leaf, true));
              }).find("a leaf Variable that requires grad is being used in an in-place operation"),
              0U);
    EXPECT_NE(text_of<ShapeError>([&] {
                static_cast<void>(f.call(sample({1}).expand({3}), true));
              }).find("single memory location"),
              std::string::npos);
  }
  std::printf("%zu functions in two memory orders\n", checked);
}

TEST(ActivationTypes, SixteenBitFloatsAreComputedInFloatAndRoundedOnce) {
  std::size_t checked = 0;
  for (const DType dtype : {kFloat16, kBFloat16}) {
    const Tensor x = sample({5, 7}, dtype);
    for (const WithInplace& f : with_inplace()) {
      EXPECT_EQ(bytes_of(f.call(x, false)), bytes_of(f.call(x.to(kFloat32), false).to(dtype))) << f.name;
      EXPECT_EQ(bytes_of(f.call(x.clone(), true)), bytes_of(f.call(x, false))) << f.name;
      ++checked;
    }
    EXPECT_EQ(bytes_of(F::softmax(x, 1)), bytes_of(F::softmax(x.to(kFloat32), 1).to(dtype)));
    EXPECT_EQ(bytes_of(F::gelu(x)), bytes_of(F::gelu(x.to(kFloat32)).to(dtype)));
    Tensor leaf = x.clone().requires_grad_();
    F::gelu(leaf).sum().backward();
    EXPECT_EQ(leaf.grad().dtype(), dtype);
    Tensor wide = x.to(kFloat32).requires_grad_();
    F::gelu(wide).sum().backward();
    EXPECT_EQ(bytes_of(leaf.grad()), bytes_of(wide.grad().to(dtype)));
  }
  std::printf("%zu functions checked\n", checked);
}

TEST(ActivationTypes, IntegersAreTakenWherePyTorchTakesThem) {
  const Tensor i = whole({-3, 1, 9});
  EXPECT_EQ(bytes_of(F::relu6(i)), bytes_of(whole({0, 1, 6})));
  EXPECT_EQ(bytes_of(F::hardtanh(i)), bytes_of(whole({-1, 1, 1})));
  EXPECT_EQ(bytes_of(F::threshold(i, {1, 20})), bytes_of(whole({20, 20, 9})));
  EXPECT_EQ(F::softsign(i).dtype(), kFloat32);
  EXPECT_EQ(text_of<NotImplementedError>([&] { F::elu(i); }), "\"elu_cpu\" not implemented for 'Long'");
  EXPECT_EQ(text_of<NotImplementedError>([&] { F::softmax(i, 0); }),
            "\"softmax_lastdim_kernel_impl\" not implemented for 'Long'");
  EXPECT_EQ(text_of<DTypeError>([&] { F::hardtanh(i.gt(0)); }), "Bool inputs not supported for hardtanh");
}

TEST(ActivationTypes, MetaTensorsPassThrough) {
  const Tensor x = empty({2, 3}, TensorOptions(kFloat32).device(Device(kMeta))).requires_grad_();
  for (const WithInplace& f : with_inplace()) EXPECT_TRUE(f.call(x, false).is_meta()) << f.name;
  EXPECT_TRUE(F::log_softmax(x, 1).is_meta());
  EXPECT_EQ(F::glu(empty({2, 4}, TensorOptions(kFloat32).device(Device(kMeta)))).sizes(),
            IntArrayRef({2, 2}));
}

TEST(ActivationErrors, SayWhatIsWrong) {
  const Tensor x = sample({2, 3, 4});
  EXPECT_EQ(text_of<ValueError>([&] { F::celu(x, 0.0); }), "ZeroDivisionError: alpha cannot be 0 for CELU");
  EXPECT_EQ(text_of<ValueError>([&] { F::gelu(x, "foo"); }),
            "approximate argument must be either none or tanh.");
  EXPECT_EQ(text_of<ShapeError>([&] { F::glu(x, 1); }),
            "Halving dimension must be even, but dimension 1 is size 3");
  EXPECT_EQ(
      text_of<ShapeError>([&] { F::prelu(x, ones({2}, kFloat64)); }),
      "Mismatch of parameter numbers and input channel size. Found parameter numbers = 2 and channel size "
      "= 3.");
  EXPECT_EQ(text_of<ShapeError>([&] {
              F::prelu(x, ones({1, 3}, kFloat64));
            }),
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = 2");
  EXPECT_EQ(text_of<DTypeError>([&] { F::prelu(x, ones({3})); }),
            "prelu: Type promoting not supported. Got Double and Float");
  EXPECT_EQ(text_of<ValueError>([&] { F::rrelu(x, F::RReLUFuncOptions().lower(0.5).upper(0.2)); }),
            "Lower bound should be less than or equal to the upper bound");
  EXPECT_EQ(text_of<ValueError>([&] { static_cast<void>(hardtanh(x, 2, 1)); }),
            "min_val cannot be greater than max_val");
  EXPECT_EQ(text_of<IndexError>([&] { F::softmax(x, 5); }),
            "Dimension out of range (expected to be in range of [-3, 2], but got 5)");
}

TEST(ActivationWarnings, ADimensionLeftOutIsChosen) {
  WarningLog log;
  const Tensor x = sample({2, 3});
  EXPECT_EQ(bytes_of(nn::Softmax()->forward(x)), bytes_of(x.softmax(1)));
  const Tensor deep = sample({2, 3, 4});
  EXPECT_EQ(bytes_of(F::log_softmax(deep, {})), bytes_of(deep.log_softmax(0)));
  ASSERT_EQ(log.texts.size(), 2U);
  EXPECT_EQ(
      log.texts[0],
      "Implicit dimension choice for softmax has been deprecated. Change the call to include dim=X as an "
      "argument.");
}

TEST(ActivationLayers, ComputeWhatTheirFunctionsCompute) {
  const Tensor x = sample({2, 4, 3, 2});
  std::size_t checked = 0;
  const auto same = [&](auto layer, const Tensor& want) {
    layer->to(kFloat64);
    nn::Sequential net(layer);
    EXPECT_EQ(bytes_of(net->forward(x)), bytes_of(want)) << checked;
    ++checked;
  };
  same(nn::ReLU(), x.relu());
  same(nn::ReLU6(), hardtanh(x, 0, 6));
  same(nn::SiLU(), silu(x));
  same(nn::Mish(), mish(x));
  same(nn::SELU(), selu(x));
  same(nn::Hardsigmoid(), hardsigmoid(x));
  same(nn::Hardswish(), hardswish(x));
  same(nn::Sigmoid(), x.sigmoid());
  same(nn::Tanh(), x.tanh());
  same(nn::LogSigmoid(), log_sigmoid(x));
  same(nn::Softsign(), softsign(x));
  same(nn::Tanhshrink(), tanhshrink(x));
  same(nn::Softmax2d(), x.softmax(1));
  same(nn::Softmax(2), x.softmax(2));
  same(nn::Softmin(2), x.neg().softmax(2));
  same(nn::LogSoftmax(-1), x.log_softmax(3));
  same(nn::GLU(1), glu(x, 1));
  same(nn::ELU(0.5), elu(x, 0.5));
  same(nn::CELU(0.5), celu(x, 0.5));
  same(nn::GELU(), gelu(x));
  same(nn::GELU("tanh"), gelu(x, "tanh"));
  same(nn::Hardshrink(0.7), hardshrink(x, 0.7));
  same(nn::Softshrink(0.7), softshrink(x, 0.7));
  same(nn::Hardtanh(-2, 3), hardtanh(x, -2, 3));
  same(nn::LeakyReLU(0.3), leaky_relu(x, 0.3));
  same(nn::Softplus(2, 1), softplus(x, 2, 1));
  same(nn::Threshold(0.1, 20), threshold(x, 0.1, 20));
  same(nn::PReLU(4), prelu(x, full({4}, 0.25, kFloat64)));
  nn::RReLU noisy;
  noisy->eval();
  same(noisy, leaky_relu(x, (1.0 / 8 + 1.0 / 3) / 2));
  std::printf("%zu layers checked\n", checked);
}

TEST(ActivationLayers, ASlopeOfPReLULearns) {
  nn::PReLU layer(3);
  layer->to(kFloat64);
  const Tensor x = sample({2, 3, 2});
  layer->forward(x).sum().backward();
  const Tensor want = where(x.gt(0), zeros({}, kFloat64), x).sum({0, 2});
  EXPECT_TRUE(allclose(layer->weight.grad(), want));
}

TEST(GumbelSoftmax, HardValuesHaveSoftGradients) {
  Tensor logits = sample({6, 4}).requires_grad_();
  const auto draw = [&](bool hard) {
    manual_seed(1);
    return F::gumbel_softmax(logits, F::GumbelSoftmaxFuncOptions().tau(0.5).hard(hard));
  };
  const Tensor soft = draw(false);
  const Tensor hard = draw(true);
  EXPECT_TRUE(allclose(soft.sum(1), ones({6}, kFloat64)));
  EXPECT_TRUE(equal(hard.detach().argmax(1), soft.detach().argmax(1)));
  EXPECT_TRUE(allclose(hard.detach().sum(1), ones({6}, kFloat64)));
  const Tensor seed = randn({6, 4}, kFloat64);
  EXPECT_TRUE(
      allclose(autograd::grad({hard}, {logits}, {seed})[0], autograd::grad({soft}, {logits}, {seed})[0]));
}

TEST(Softmax, HoldsItsLaws) {
  manual_seed(2);
  const Tensor x = randn({3, 5000}) * 5;
  const Tensor p = x.softmax(1);
  EXPECT_TRUE(allclose(p.sum(1), ones({3}), 1e-5));
  EXPECT_TRUE(allclose(p.log(), x.log_softmax(1), 1e-4, 1e-4));
  EXPECT_TRUE(allclose((x + 1000).softmax(1), p, 1e-2, 1e-6));
  // A million elements and more go to several threads.
  const Tensor large = randn({1100, 1000});
  const int threads = get_num_threads();
  set_num_threads(1);
  const std::string one =
      bytes_of(large.softmax(1)) + bytes_of(gelu(large)) + bytes_of(mse_loss(large, large * 2));
  set_num_threads(4);
  EXPECT_EQ(one == bytes_of(large.softmax(1)) + bytes_of(gelu(large)) + bytes_of(mse_loss(large, large * 2)),
            true);
  set_num_threads(threads);
}

}  // namespace
}  // namespace ballast
