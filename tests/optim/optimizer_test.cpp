// What all optimisers promise: groups, inheritance, shared parameters, gradients that are missing or do not
// fit, odd tensors.
#include <cmath>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "tests/optim/make_optimizer.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/cpu.h"
#include "ballast/core/parallel.h"
#include "ballast/core/warning.h"

namespace ballast::testing {
namespace {

using namespace optim;  // NOLINT(google-build-using-namespace)

const std::vector<std::string> kClasses{"SGD",      "Adam",   "AdamW", "RMSprop", "Adagrad",
                                        "Adadelta", "Adamax", "NAdam", "RAdam"};

Tensor parameter(const Tensor& t) { return t.clone().requires_grad_(); }
Tensor with_grad(const Tensor& t, const Tensor& grad) {
  Tensor p = parameter(t);
  p.mutable_grad() = grad.clone();
  return p;
}

/// Every option of a class that changes what is computed, one set at a time.
std::vector<Json> variants(const std::string& name) {
  std::vector<Json> out{Json::object(), Json{{"maximize", true}}, Json{{"weight_decay", 0.1}}};
  if (name == "SGD") {
    out.push_back(Json{{"momentum", 0.9}});
    out.push_back(Json{{"momentum", 0.9}, {"nesterov", true}});
  }
  if (name.starts_with("Adam") && name != "Adamax") out.push_back(Json{{"amsgrad", true}});
  if (name == "RMSprop") {
    out.push_back(Json{{"momentum", 0.9}});
    out.push_back(Json{{"centered", true}});
    out.push_back(Json{{"momentum", 0.9}, {"centered", true}});
  }
  return out;
}

TEST(Optimizer, BitsAreTheSameOnEveryCpuAndForAnyNumberOfThreads) {
  const SimdLevel best = best_simd_level();
  const int threads = get_num_threads();
  int cases = 0;
  for (const std::string& name : kClasses) {
    for (const Json& arguments : variants(name)) {
      for (const DType dtype : {kFloat32, kFloat64}) {
        SCOPED_TRACE(name + arguments.dump());
        std::vector<std::vector<Tensor>> results;
        for (const SimdLevel level : {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512}) {
          if (level > best) continue;
          set_simd_level(level);
          set_num_threads(1 + static_cast<int>(level) % 3);
          // The long one is split between threads; the others have every length of a rest behind whole
          // vectors.
          std::vector<Tensor> params;
          manual_seed(3);
          std::vector<std::int64_t> sizes{(std::int64_t{1} << 20) + 13};
          for (std::int64_t n = 1; n <= 37; ++n) sizes.push_back(n);
          if (cases % 8 != 0) sizes.erase(sizes.begin());
          for (const std::int64_t n : sizes)
            params.push_back(with_grad(randn({n}, dtype), randn({n}, dtype)));
          const auto optimizer = make_optimizer(name, arguments, {params});
          optimizer->step();
          optimizer->step();
          results.push_back(params);
        }
        for (const std::vector<Tensor>& r : results) {
          for (std::size_t i = 0; i < r.size(); ++i) {
            ASSERT_EQ(bytes_of(r[i]), bytes_of(results[0][i])) << i;
          }
        }
        ++cases;
      }
    }
  }
  set_simd_level(best);
  set_num_threads(threads);
  std::cout << "[ cases ] " << cases << " optimisers at " << static_cast<int>(best) + 1 << " levels\n";
}

TEST(Optimizer, StridedAndOtherTypesGoTheSlowerWayToTheSameResult) {
  int cases = 0;
  for (const std::string& name : kClasses) {
    for (const Json& arguments : variants(name)) {
      SCOPED_TRACE(name + arguments.dump());
      manual_seed(1);
      const Tensor start = randn({4, 6});
      const Tensor grad = randn({4, 6});
      const auto stepped = [&](const Tensor& p, const Tensor& g) {
        p.requires_grad_();
        p.mutable_grad() = g;
        const auto optimizer = make_optimizer(name, arguments, {std::vector<Tensor>{p}});
        for (int i = 0; i < 3; ++i) optimizer->step();
        return p.detach();
      };
      const Tensor expected = stepped(start.clone(), grad.clone());
      // A transposed parameter; a gradient that repeats; a parameter with gaps.
      EXPECT_TRUE(stepped(start.t().clone().t(), grad.clone()).equal(expected));
      EXPECT_TRUE(stepped(start.clone(), grad.t().clone().t()).equal(expected));
      const Tensor wide = zeros({4, 12});
      const Tensor gaps = wide.slice(1, 0, 12, 2).detach();
      gaps.copy_(start);
      EXPECT_TRUE(stepped(gaps, grad.clone()).equal(expected));
      EXPECT_EQ(wide.slice(1, 1, 12, 2).abs().sum().item<double>(), 0);
      for (const DType dtype : {kBFloat16, kFloat16}) {
        const Tensor low = stepped(start.to(kCPU, dtype, false, true), grad.to(dtype));
        EXPECT_EQ(low.dtype(), dtype);
        // Adam's second moment of float16 is coarse; the results are those of the same steps in float,
        // rounded each time.
        EXPECT_LE(relative_difference(low, expected), dtype == kBFloat16 ? 0.05 : 0.01);
      }
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " optimisers, five kinds of tensors each\n";
}

TEST(Optimizer, ComplexParametersArePairsOfReals) {
  const Tensor re = randn({6});
  const Tensor grads = randn({6});
  Tensor z = empty({3}, kComplex64);
  Tensor gz = empty({3}, kComplex64);
  z.view_as_real().copy_(re.reshape({3, 2}));
  gz.view_as_real().copy_(grads.reshape({3, 2}));
  for (const std::string& name : kClasses) {
    SCOPED_TRACE(name);
    const Tensor real = with_grad(re, grads);
    const Tensor complex = with_grad(z, gz);
    const auto a = make_optimizer(name, Json::object(), {std::vector<Tensor>{real}});
    const auto b = make_optimizer(name, Json::object(), {std::vector<Tensor>{complex}});
    for (int i = 0; i < 2; ++i) {
      a->step();
      b->step();
    }
    EXPECT_TRUE(complex.detach().view_as_real().reshape({6}).equal(real));
  }
}

TEST(Optimizer, ASharedParameterIsSteppedOnce) {
  std::vector<std::string> warnings;
  const WarningHandler before =
      set_warning_handler([&](std::string_view text) { warnings.emplace_back(text); });
  const Tensor p = with_grad(ones({2}), ones({2}));
  SGD sgd({p, p}, 0.5);
  set_warning_handler(before);
  EXPECT_EQ(
      warnings,
      (std::vector<std::string>{
          "optimizer contains a parameter group with duplicate parameters; each of them is stepped once"}));
  EXPECT_EQ(sgd.param_groups()[0].params().size(), 1u);
  sgd.step();
  EXPECT_EQ(p[0].item<double>(), 0.5);
}

TEST(Optimizer, GroupsInheritWhatTheyHaveNotSet) {
  const auto groups = [](std::unique_ptr<OptimizerOptions> own) {
    std::vector<OptimizerParamGroup> out;
    out.emplace_back(std::vector<Tensor>{parameter(ones({1}))});
    out.emplace_back(std::vector<Tensor>{parameter(ones({1}))}, std::move(own));
    return out;
  };
  const SGD sgd(groups(std::make_unique<SGDOptions>(0.01)), SGDOptions(0.1).momentum(0.9).weight_decay(0.2));
  EXPECT_TRUE(sgd.param_groups()[0].options() == SGDOptions(0.1).momentum(0.9).weight_decay(0.2));
  EXPECT_TRUE(sgd.param_groups()[1].options() == SGDOptions(0.01).momentum(0.9).weight_decay(0.2));
  const Adam adam(groups(std::make_unique<AdamOptions>(AdamOptions(0.5).eps(1e-3))),
                  AdamOptions(0.1).betas({0.5, 0.6}));
  EXPECT_TRUE(adam.param_groups()[1].options() == AdamOptions(0.5).eps(1e-3).betas({0.5, 0.6}));
  EXPECT_EQ(text_of<ValueError>([&] { SGD bad(groups(std::make_unique<AdamOptions>()), 0.1); }),
            "the options of a parameter group must be of the same type as the optimizer's");
  EXPECT_EQ(text_of<ValueError>([&] { SGD bad(groups(std::make_unique<SGDOptions>(-1)), 0.1); }),
            "Invalid learning rate: -1");
}

TEST(Optimizer, OptionsAreCheckedWithPyTorchsTexts) {
  const std::vector<std::tuple<std::string, Json, std::string>> cases{
      {"SGD", {{"lr", -1}}, "Invalid learning rate: -1"},
      {"SGD", {{"momentum", -0.5}}, "Invalid momentum value: -0.5"},
      {"SGD", {{"weight_decay", -1}}, "Invalid weight_decay value: -1"},
      {"SGD", {{"nesterov", true}}, "Nesterov momentum requires a momentum and zero dampening"},
      {"SGD",
       {{"nesterov", true}, {"momentum", 0.9}, {"dampening", 0.1}},
       "Nesterov momentum requires a momentum and zero dampening"},
      {"Adam", {{"betas", {1.5, 0.9}}}, "Invalid beta parameter at index 0: 1.5"},
      {"AdamW", {{"betas", {0.5, 1.0}}}, "Invalid beta parameter at index 1: 1"},
      {"Adam", {{"eps", -1}}, "Invalid epsilon value: -1"},
      {"AdamW", {{"weight_decay", -1}}, "Invalid weight_decay value: -1"},
      {"RMSprop", {{"alpha", -1}}, "Invalid alpha value: -1"},
      {"RMSprop", {{"momentum", -1}}, "Invalid momentum value: -1"},
      {"Adagrad", {{"lr_decay", -1}}, "Invalid lr_decay value: -1"},
      {"Adagrad", {{"initial_accumulator_value", -1}}, "Invalid initial_accumulator_value value: -1"},
      {"Adadelta", {{"rho", 1.5}}, "Invalid rho value: 1.5"},
      {"Adamax", {{"betas", {-0.5, 0.9}}}, "Invalid beta parameter at index 0: -0.5"},
      {"NAdam", {{"momentum_decay", -1}}, "Invalid momentum_decay value: -1"},
      {"RAdam", {{"lr", -2}}, "Invalid learning rate: -2"},
      {"LBFGS", {{"lr", -2}}, "Invalid learning rate: -2"},
      {"LBFGS", {{"line_search_fn", "golden"}}, "only 'strong_wolfe' is supported"},
  };
  for (const auto& [name, arguments, text] : cases) {
    EXPECT_EQ(
        text_of<ValueError>([&name = name, &arguments = arguments] {
          static_cast<void>(make_optimizer(name, arguments, {std::vector<Tensor>{parameter(ones({1}))}}));
        }),
        text)
        << name;
  }
  std::cout << "[ cases ] " << cases.size() << " options refused\n";
}

TEST(Optimizer, WrongParametersAreRefused) {
  const Tensor leaf = parameter(ones({2}));
  EXPECT_EQ(text_of<ValueError>([&] { SGD bad({leaf * 2}, 0.1); }), "can't optimize a non-leaf Tensor");
  SGD sgd({leaf}, 0.1);
  EXPECT_EQ(text_of<ValueError>([&] { sgd.add_param_group(OptimizerParamGroup({leaf})); }),
            "some parameters appear in more than one parameter group");
  EXPECT_EQ(sgd.param_groups().size(), 1u);
  EXPECT_EQ(text_of<ValueError>([&] {
              LBFGS bad(std::vector<OptimizerParamGroup>{OptimizerParamGroup({leaf}),
                                                         OptimizerParamGroup({parameter(ones({2}))})});
            }),
            "LBFGS doesn't support per-parameter options (parameter groups)");
  LBFGS lbfgs({leaf}, 1);
  EXPECT_EQ(text_of([&] { lbfgs.step(nullptr); }), "LBFGS requires a closure function");
  sgd.param_groups()[0].set_options(std::make_unique<AdamOptions>());
  EXPECT_EQ(text_of<ValueError>([&] { sgd.step(); }),
            "a parameter group has options of another kind of optimizer");
  const LBFGS empty({}, 1.0);
  EXPECT_EQ(empty.size(), 0u);
}

TEST(Optimizer, GradientsThatDoNotFitAreRefused) {
  for (const std::string& name : kClasses) {
    const Tensor p = with_grad(ones({2, 3}), ones({6}));
    const auto optimizer = make_optimizer(name, Json::object(), {std::vector<Tensor>{p}});
    EXPECT_EQ(text_of<ShapeError>([&] { optimizer->step(); }),
              "the gradient of a parameter of shape [2, 3] has shape [6]")
        << name;
    p.mutable_grad() = ones({2, 3}, kFloat64);
    EXPECT_EQ(text_of<DTypeError>([&] { optimizer->step(); }),
              "the gradient of a parameter of type float32 has type float64");
    // A parameter that was given other data after its states were made.
    if (name == "SGD") continue;
    p.mutable_grad() = ones({2, 3});
    optimizer->step();
    p.set_data(ones({5}));
    p.mutable_grad() = ones({5});
    EXPECT_THROW(optimizer->step(), ShapeError) << name;
  }
}

TEST(Optimizer, AParameterWithoutGradientIsLeftAlone) {
  for (const std::string& name : kClasses) {
    const Tensor p = parameter(ones({3}));
    const auto optimizer = make_optimizer(name, Json{{"weight_decay", 0.5}}, {std::vector<Tensor>{p}});
    optimizer->step();
    EXPECT_EQ(p._version(), 0u);
    EXPECT_EQ(optimizer->state().size(), name == "Adagrad" ? 1u : 0u) << name;
  }
}

TEST(Optimizer, StepsAreNotRecordedAndAreCounted) {
  const Tensor p = parameter(ones({3}));
  SGD sgd({p}, 0.1);
  const Tensor loss = (p * p).sum();
  loss.backward({}, true);
  sgd.step();
  EXPECT_TRUE(p.is_leaf());
  EXPECT_EQ(p._version(), 1u);
  EXPECT_NE(text_of([&] { loss.backward(); }).find("has been modified by an inplace operation"),
            std::string::npos);
}

TEST(Optimizer, TheClosureRecordsAndItsLossIsGiven) {
  const Tensor p = parameter(full({1}, 3.0));
  Adam adam({p}, 0.1);
  const NoGradGuard no_grad;
  const Tensor loss = adam.step([&] {
    adam.zero_grad();
    Tensor l = (p * p).sum();
    l.backward();
    return l;
  });
  EXPECT_EQ(loss.item<double>(), 9);
  EXPECT_EQ(p.grad().item<double>(), 6);
  EXPECT_FALSE(GradMode::is_enabled());
  EXPECT_FALSE(adam.step().defined());
}

TEST(Optimizer, ZeroGradDropsOrFills) {
  const Tensor p = with_grad(ones({3}), ones({3}));
  SGD sgd({p}, 0.1);
  const Tensor grad = p.grad();
  sgd.zero_grad(false);
  EXPECT_TRUE(p.grad().is_same(grad));
  EXPECT_TRUE(grad.equal(zeros({3})));
  sgd.zero_grad();
  EXPECT_FALSE(p.grad().defined());
}

TEST(Optimizer, TensorsOnMetaAreCountedAndNotTouched) {
  for (const std::string& name : kClasses) {
    const TensorOptions meta = TensorOptions(kFloat32).device(Device(kMeta));
    const Tensor p = empty({4}, meta).requires_grad_();
    p.mutable_grad() = empty({4}, meta);
    const auto optimizer = make_optimizer(name, Json::object(), {std::vector<Tensor>{p}});
    optimizer->step();
    optimizer->step();
  }
}

TEST(Optimizer, OlderNamesWarn) {
  std::vector<std::string> warnings;
  const WarningHandler before =
      set_warning_handler([&](std::string_view text) { warnings.emplace_back(text); });
  SGD sgd({parameter(ones({1}))}, 0.1);
  sgd.add_parameters({parameter(ones({2}))});
  EXPECT_EQ(sgd.parameters().size(), 2u);
  EXPECT_EQ(sgd.size(), 2u);
  set_warning_handler(before);
  ASSERT_EQ(warnings.size(), 3u);
  for (const std::string& text : warnings) EXPECT_NE(text.find("will be removed"), std::string::npos);
}

TEST(Optimizer, StatesAndOptionsCanBeComparedAndCopied) {
  const Tensor p = with_grad(ones({3}), ones({3}));
  Adam adam({p}, 0.1);
  adam.step();
  const OptimizerParamState& state = *adam.state().at(p.unsafeGetTensorImpl());
  const std::unique_ptr<OptimizerParamState> copy = state.clone();
  EXPECT_TRUE(*copy == state);
  static_cast<AdamParamState&>(*copy).step(7);
  EXPECT_FALSE(*copy == state);
  EXPECT_FALSE(AdamOptions(0.1) == AdamOptions(0.2));
  EXPECT_FALSE(static_cast<const OptimizerOptions&>(AdamOptions(0.1)) == AdamWOptions(0.1));
}

/// An optimiser of one's own, as a program written for libtorch has it.
struct SignOptions : OptimizerCloneableOptions<SignOptions> {
  SignOptions(double lr = 0.1) : lr_(lr) {}  // NOLINT(*-explicit-*)
  BALLAST_ARG(double, lr);
};
class Sign : public Optimizer {
 public:
  Sign(std::vector<Tensor> params, const SignOptions& defaults)
      : Optimizer({OptimizerParamGroup(std::move(params))}, std::make_unique<SignOptions>(defaults)) {}
  Tensor step(LossClosure closure = nullptr) override {
    Tensor loss = closure ? closure() : Tensor();
    const NoGradGuard no_grad;
    for (const OptimizerParamGroup& group : param_groups()) {
      const auto& options = static_cast<const SignOptions&>(group.options());
      for (const Tensor& p : group.params()) {
        if (p.grad().defined()) p.sub_(p.grad().sign(), options.lr());
      }
    }
    return loss;
  }
};

TEST(Optimizer, OnesOwnTakesSchedulesToo) {
  const Tensor p = with_grad(ones({2}), full({2}, 5.0));
  Sign sign({p}, 0.5);
  StepLR schedule(sign, 1, 0.5);
  sign.step();
  EXPECT_EQ(p[0].item<double>(), 0.5);
  schedule.step();
  sign.step();
  EXPECT_EQ(p[0].item<double>(), 0.25);
  EXPECT_EQ(sign.state_dict().param_groups.size(), 1u);
}

TEST(Optimizer, MovesWithItsStates) {
  const Tensor p = with_grad(ones({2}), ones({2}));
  Adam first({p}, 0.1);
  first.step();
  Adam second = std::move(first);
  second.step();
  EXPECT_EQ(static_cast<AdamParamState&>(*second.state().at(p.unsafeGetTensorImpl())).step(), 2);
}

}  // namespace
}  // namespace ballast::testing
