// What a summary finds, and that it leaves the model as it was.
#include "ballast/summary/summary.h"

#include <set>
#include <sstream>

#include "tests/summary/models.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/grad_mode.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::text_of;
using Sizes = std::vector<std::int64_t>;

std::uint64_t elements(const std::vector<Tensor>& tensors, bool only_trainable = false) {
  std::set<const void*> seen;
  std::uint64_t n = 0;
  for (const Tensor& t : tensors) {
    if (!seen.insert(t.unsafeGetTensorImpl()).second || (only_trainable && !t.requires_grad())) continue;
    n += static_cast<std::uint64_t>(t.numel());
  }
  return n;
}

/// Modules that share modules and parameters, at random.
nn::Sequential random_tree(const Generator& draw) {
  const auto below = [&](std::uint32_t n) { return draw.random() % n; };
  std::vector<std::shared_ptr<nn::Module>> made;
  for (int i = 0; i < 12; ++i) {
    if (i < 3 || below(3) == 0) {
      nn::Linear fc(nn::LinearOptions(3, 3).bias(below(2) == 0));
      fc->weight.requires_grad_(below(3) != 0);
      for (const auto& other : made) {
        if (auto* linear = other->as<nn::Linear>(); linear != nullptr && below(4) == 0) {
          fc->weight = linear->weight;
        }
      }
      made.push_back(fc.module_ptr());
    } else if (below(4) == 0) {
      made.push_back(nn::BatchNorm1d(3).module_ptr());
    } else {
      nn::Sequential part;
      for (std::uint32_t k = below(4); k-- > 0;)
        part->push_back(made[below(static_cast<std::uint32_t>(made.size()))]);
      made.push_back(part.module_ptr());
    }
  }
  nn::Sequential root;
  for (int k = 0; k < 4; ++k) root->push_back(made[below(12)]);
  root->push_back(made.back());
  return root;
}

TEST(Summary, CountsEachTensorOnceBelowEveryLayer) {
  const Generator draw(1);
  std::size_t shared_modules = 0, shared_tensors = 0;
  for (int i = 0; i < 200; ++i) {
    const nn::Sequential net = random_tree(draw);
    const ModelSummary s = summary(net);
    for (const LayerSummary& layer : s.layers) {
      SCOPED_TRACE(layer.path);
      const auto module = net->get_submodule(layer.path);
      EXPECT_EQ(layer.class_name, module->class_name());
      EXPECT_EQ(layer.total.parameters, elements(module->parameters()));
      EXPECT_EQ(layer.total.trainable, elements(module->parameters(), true));
      EXPECT_EQ(layer.total.buffers, elements(module->buffers()));
      EXPECT_EQ(layer.own.parameters, elements(module->parameters(false)));
      EXPECT_EQ(layer.own.buffers, elements(module->buffers(false)));
      shared_modules += layer.shared_with != LayerSummary::kNone;
      if (layer.shared_with != LayerSummary::kNone) {
        EXPECT_EQ(net->get_submodule(s.layers[layer.shared_with].path), module);
      }
      for (const auto& mark : layer.shared_tensors) {
        EXPECT_TRUE(net->get_parameter(mark.path).is_same(module->parameter(mark.name)));
        ++shared_tensors;
      }
    }
  }
  EXPECT_GT(shared_modules, 100U);
  EXPECT_GT(shared_tensors, 100U);
}

TEST(Summary, CountsEachCallWhereverItsModuleStands) {
  const Generator draw(2);
  for (int i = 0; i < 100; ++i) {
    const nn::Sequential net = random_tree(draw);
    const ModelSummary s = summary(net, {.input_size = {2, 3}});
    std::uint64_t mult_adds = 0, bytes = 0;
    for (const auto& module : net->modules()) {
      module->register_forward_hook([&](nn::Module& m, const std::vector<Tensor>&, Tensor& out) {
        const auto n = static_cast<std::uint64_t>(out.numel());
        const auto* const fc = m.as<nn::Linear>();
        if (fc == nullptr && m.as<nn::BatchNorm1d>() == nullptr) return;
        mult_adds += fc == nullptr ? 2 * n : n * (3 + (fc->bias.defined() ? 1 : 0));
        bytes += n * 4;
      });
    }
    (void)net(zeros({2, 3}));
    EXPECT_EQ(s.total().mult_adds, mult_adds);
    EXPECT_EQ(s.total().activation_bytes, bytes);
  }
}

TEST(Summary, AddsWhatASharedContainerDoesToThePlaceItIsCalledAt) {
  const nn::Sequential part{nn::Linear(4, 4), nn::ReLU()};
  nn::Sequential outer;
  outer->push_back(part);
  const nn::Sequential net{part, nn::Linear(4, 4), part, outer};
  const ModelSummary s = summary(net, {.input_size = {2, 4}});
  ASSERT_EQ(s.layers.size(), 8U);
  EXPECT_EQ(s.at("0").total.mult_adds, 2U * 20);
  EXPECT_EQ(s.at("0.0").calls, 1U);
  EXPECT_EQ(s.at("2").calls, 1U);
  EXPECT_EQ(s.at("2").own.mult_adds, 2U * 20);
  EXPECT_EQ(s.at("2").own.activation_bytes, 2U * 4 * 4 * 2);
  EXPECT_EQ(s.at("2").output_sizes->ref().vec(), (Sizes{2, 4}));
  EXPECT_EQ(s.at("3.0").own.mult_adds, 2U * 20);
  EXPECT_EQ(s.at("3").own.mult_adds, 0U);
  EXPECT_EQ(s.total().mult_adds, 4U * 2 * 20);
  EXPECT_EQ(s.total().parameters, 40U);
}

TEST(Summary, MarksParametersThatAreViewsOfOneMemory) {
  const nn::Linear a(nn::LinearOptions(4, 4).bias(false)), b(nn::LinearOptions(4, 4).bias(false));
  b->weight.set_data(a->weight.data());
  const ModelSummary s = summary(nn::Sequential{a, b});
  ASSERT_EQ(s.at("1").shared_tensors.size(), 1U);
  EXPECT_FALSE(s.at("1").shared_tensors[0].same_tensor);
  EXPECT_EQ(s.at("1").shared_tensors[0].path, "0.weight");
  EXPECT_EQ(s.total().parameters, 32U);  // two parameters, as an optimiser sees them
  EXPECT_EQ(s.total().parameter_bytes, 128U);
  EXPECT_EQ(s.bytes_held, 64U);
  EXPECT_NE(s.text().find("1: Linear (weight on the memory of 0.weight)"), std::string::npos) << s;
  EXPECT_NE(s.text().find("Params and buffers: 128 B, 64 B in memory (float32 128 B)\n"), std::string::npos)
      << s;
}

TEST(Summary, GoesThroughATreeThatContainsItself) {
  nn::Sequential inner{nn::Linear(2, 2)};
  nn::Sequential net{nn::ReLU(), inner};
  inner->push_back(net);
  const ModelSummary s = summary(net);
  ASSERT_EQ(s.layers.size(), 5U);
  EXPECT_EQ(s.at("1.1").shared_with, 0U);
  EXPECT_EQ(s.at("1.1").total.parameters, 6U);
  EXPECT_EQ(s.total().parameters, 6U);
  EXPECT_NE(s.text().find("1: Sequential (shared with the model)"), std::string::npos) << s;
  inner->pop(-1);
}

TEST(Summary, RefusesTreesWhosePathsWouldBeTooLong) {
  const auto chain = [](int levels) {
    nn::Sequential net;
    for (int i = 0; i < levels; ++i) {
      nn::Sequential outer;
      outer->push_back(net);
      net = outer;
    }
    return net;
  };
  EXPECT_EQ(summary(chain(1000)).layers.back().depth, 1000U);
  EXPECT_THROWN((void)summary(chain(1001)), LimitError, "deeper than 1000 levels");
}

TEST(Summary, HasBytesByType) {
  nn::Sequential net{nn::Linear(4, 2), nn::BatchNorm1d(2)};
  net[0]->to(kBFloat16);
  const ModelSummary s = summary(net);
  ASSERT_EQ(s.dtypes.size(), 3U);
  EXPECT_EQ(s.dtypes[0].dtype, kBFloat16);
  EXPECT_EQ(s.dtypes[0].bytes, 10U * 2);
  EXPECT_EQ(s.dtypes[1].dtype, kFloat32);
  EXPECT_EQ(s.dtypes[1].parameters, 4U);
  EXPECT_EQ(s.dtypes[1].buffers, 4U);
  EXPECT_EQ(s.dtypes[1].bytes, 8U * 4);
  EXPECT_EQ(s.dtypes[2].dtype, kInt64);
  EXPECT_EQ(s.dtypes[2].bytes, 8U);
}

// ------------------------------------------------------------------------------------------ as it was

/// Draws from the default generator, and fails if asked to.
struct UnrulyImpl : nn::Cloneable<UnrulyImpl> {
  UnrulyImpl() { bind_module("fc", fc, nn::Linear(4, 4)); }
  Tensor forward(const Tensor& x) {
    if (fails) throw ShapeError("it does not fit");
    return fc(x) + rand({4});
  }
  nn::Linear fc{nullptr};
  bool fails = false;
};
BALLAST_MODULE(Unruly);

TEST(Summary, LeavesTheModelAsItWas) {
  for (const bool fails : {false, true}) {
    manual_seed(3);
    Unruly unruly;
    nn::Sequential net{nn::BatchNorm1d(4), nn::Dropout(), unruly, nn::Linear(4, 2)};
    unruly->fails = fails;
    net[0]->eval();
    unruly->train();
    unruly->fc->eval();
    int own_hook = 0;
    net[3]->register_forward_hook([&](nn::Module&, const std::vector<Tensor>&, Tensor&) { ++own_hook; });
    std::vector<bool> modes, hooks;
    for (const auto& m : net->modules()) modes.push_back(m->is_training());
    for (const auto& m : net->modules()) hooks.push_back(m->has_forward_hooks());
    std::vector<std::string> bytes;
    for (const auto& [name, t] : net->state_dict()) bytes.push_back(testing::bytes_of(t));
    const std::string generator = testing::bytes_of(get_rng_state());

    const auto look = [&] { return summary(net, {.input_size = {8, 4}}).text(); };
    if (fails) {
      EXPECT_EQ(text_of<ShapeError>(look), "summary: `2` (Unruly), called with [8, 4]: it does not fit");
    } else {
      (void)look();
    }

    EXPECT_EQ(testing::bytes_of(get_rng_state()), generator);
    EXPECT_EQ(own_hook, fails ? 0 : 1);
    EXPECT_TRUE(GradMode::is_enabled());
    std::size_t i = 0;
    for (const auto& m : net->modules()) {
      EXPECT_EQ(m->is_training(), modes[i]);
      EXPECT_EQ(m->has_forward_hooks(), hooks[i++]);
    }
    i = 0;
    for (const auto& [name, t] : net->state_dict()) EXPECT_EQ(testing::bytes_of(t), bytes[i++]) << name;
    for (const Tensor& p : net->parameters()) EXPECT_FALSE(p.grad().defined());
  }
}

TEST(Summary, LeavesStatisticsOfNormalisationsInTrainingMode) {
  nn::Sequential net{nn::BatchNorm1d(4)};
  net->train();
  const Tensor x = ones({8, 4});
  (void)summary(net, {.inputs = {x}});
  EXPECT_EQ(net[0]->buffer("num_batches_tracked").item<int>(), 0);
  (void)net(x);
  EXPECT_EQ(net[0]->buffer("num_batches_tracked").item<int>(), 1);
}

TEST(Summary, DoesNotRescaleRowsOfAnEmbedding) {
  const nn::Embedding words(nn::EmbeddingOptions(5, 3).max_norm(0.01));
  const std::string before = testing::bytes_of(words->weight);
  (void)summary(words, {.input_size = {4}, .dtypes = {kInt64}});
  EXPECT_EQ(testing::bytes_of(words->weight), before);
  EXPECT_EQ(static_cast<double>(*words->options.max_norm()), 0.01);
  (void)words(zeros({4}, kInt64));
  EXPECT_NE(testing::bytes_of(words->weight), before);
}

// ------------------------------------------------------------------------------------------ inputs

TEST(Summary, TakesTheTypeOfTheModelUnlessToldOtherwise) {
  nn::Linear fc(4, 2);
  fc->to(kFloat64);
  DType seen = kBool;
  fc->register_forward_pre_hook([&](nn::Module&, std::vector<Tensor>& in) { seen = in[0].dtype(); });
  EXPECT_EQ(summary(fc, {.input_size = {3, 4}}).input_bytes, 3U * 4 * 8);
  EXPECT_EQ(seen, kFloat64);
  EXPECT_THROWN((void)summary(fc, {.input_size = {3, 4}, .dtypes = {kFloat32}}), DTypeError,
                "(Linear), called with [3, 4]: ");
  EXPECT_THROWN((void)summary(nn::Embedding(5, 2), {.input_size = {3}}), DTypeError,
                " (the input was made as float32; .dtypes = {kInt64} makes numbers of rows)");
  EXPECT_EQ(text_of<DTypeError>([] {
              (void)summary(nn::Embedding(5, 2), {.inputs = {zeros({3})}});
            }).find(".dtypes"),
            std::string::npos);
}

TEST(Summary, GivesAForwardAsManyTensorsAsThereAre) {
  const ModelSummary s = summary(nn::Bilinear(2, 3, 4), {.input_sizes = {{5, 2}, {5, 3}}});
  EXPECT_EQ(s.layers[0].input_sizes.size(), 2U);
  EXPECT_EQ(s.layers[0].output_sizes->ref().vec(), (Sizes{5, 4}));
  EXPECT_EQ(s.input_bytes, (10U + 15U) * 4);
  EXPECT_EQ(
      text_of<NotImplementedError>([] {
        (void)summary(nn::Linear(2, 3), {.input_sizes = {{5, 2}, {5, 3}}});
      }),
      "summary: Linear cannot be called with 2 tensors: give the model as its holder or a shared_ptr of its "
      "class, or say how to call it: .forward = [&](const std::vector<Tensor>& inputs) { model(inputs[0], "
      "...); }");
}

TEST(Summary, IsToldHowToRunWhatIsKnownOnlyAsAModule) {
  const nn::LSTM lstm(3, 4);
  const nn::Module& module = *lstm;
  EXPECT_THROWN(
      (void)summary(module, {.input_size = {5, 2, 3}}), NotImplementedError,
      "summary: the model (LSTM), called with [5, 2, 3]: LSTM cannot be called with 1 tensor as a Module, or "
      "does not give one: give the model as its holder");
  // Of a part, that would be no help.
  EXPECT_EQ(text_of<NotImplementedError>([&] {
              (void)summary(nn::Sequential{lstm}, {.input_size = {5, 2, 3}});
            }),
            "summary: `0` (LSTM), called with [5, 2, 3]: Module [LSTM] is missing the required \"forward\" "
            "function");
  const ModelSummary s =
      summary(module, {.input_size = {5, 2, 3}, .forward = [&](const auto& in) { (void)lstm(in[0]); }});
  EXPECT_EQ(s.layers[0].output_sizes->ref().vec(), (Sizes{5, 2, 4}));
  EXPECT_EQ(summary(lstm.ptr(), {.input_size = {5, 2, 3}}).text(), s.text());
  int runs = 0;
  EXPECT_TRUE(summary(lstm, {.forward = [&](const auto& in) { runs += in.empty(); }}).has_input);
  EXPECT_EQ(runs, 1);
}

TEST(Summary, SeesNoCallThatPassesHooksBy) {
  const nn::Sequential net{nn::Linear(4, 4)};
  const ModelSummary s =
      summary(net, {.input_size = {2, 4}, .forward = [&](const auto& in) { (void)net->forward(in[0]); }});
  EXPECT_EQ(s.layers[0].calls, 0U);
  EXPECT_EQ(s.layers[1].calls, 1U);
  EXPECT_FALSE(s.layers[0].output_sizes.has_value());
}

TEST(Summary, RefusesInputsThatDoNotAgree) {
  const nn::Linear fc(4, 2);
  EXPECT_THROWN((void)summary(fc, {.input_size = {2, 4}, .inputs = {zeros({2, 4})}}), ValueError,
                "as one of them");
  EXPECT_THROWN((void)summary(fc, {.input_size = {2, 4}, .dtypes = {kFloat32, kFloat32}}), ValueError,
                "2 dtypes are given for 1 shapes");
  EXPECT_THROWN((void)summary(fc, {.inputs = {zeros({2, 4})}, .dtypes = {kFloat32}}), ValueError,
                "no shape is given");
  EXPECT_THROWN((void)summary(fc, {.inputs = {Tensor()}}), Error, "undefined tensor");
  EXPECT_THROWN((void)summary(fc, {.input_size = {2, -4}}), ShapeError, "-4");
  EXPECT_THROWN((void)summary(fc).at("0"), KeyError, "no layer `0`");
}

TEST(Summary, RecordsNothing) {
  const nn::Linear fc(4, 2);
  bool recording = true;
  (void)summary(
      fc, {.input_size = {3, 4}, .forward = [&](const auto& in) { recording = fc(in[0]).requires_grad(); }});
  EXPECT_FALSE(recording);
}

TEST(Summary, LetsTheForwardOfAModelOnMetaMakeTensorsThere) {
  std::optional<testing::GPT2> gpt2;
  {
    const DefaultDeviceGuard on_meta(kMeta);
    gpt2.emplace();
  }
  const ModelSummary s = summary(*gpt2, {.input_size = {1, 8}, .dtypes = {kInt64}});
  EXPECT_EQ(s.at("wpe").output_sizes->ref().vec(), (Sizes{8, 768}));
}

TEST(Summary, MovesInputsToAModelOnMeta) {
  const DefaultDeviceGuard on_meta(kMeta);
  const nn::Linear fc(4, 2);
  const ModelSummary s = summary(fc, {.inputs = {zeros({3, 4}, TensorOptions().device(kCPU))}});
  EXPECT_EQ(s.layers[0].output_sizes->ref().vec(), (Sizes{3, 2}));
}

TEST(Summary, WorksWhereTheDefaultDeviceIsAnother) {
  const nn::Linear fc(4, 2);
  const DefaultDeviceGuard on_meta(kMeta);
  EXPECT_EQ(summary(fc, {.input_size = {3, 4}}).total().mult_adds, 30U);
  EXPECT_EQ(get_default_device(), Device(kMeta));
}

TEST(Summary, TellsOfAForwardThatLooksAtValuesOnMeta) {
  const DefaultDeviceGuard on_meta(kMeta);
  const nn::Linear fc(4, 2);
  EXPECT_THROW(
      (void)summary(fc, {.input_size = {3, 4},
                         .forward = [&](const auto& in) { (void)fc(in[0]).sum().template item<float>(); }}),
      Error);
}

// ------------------------------------------------------------------------------------------ calls

/// Calls one part at two places of its tree, and catches what another throws.
struct CarefulImpl : nn::Cloneable<CarefulImpl> {
  CarefulImpl() {
    bind_module("good", good, nn::Linear(4, 4));
    bind_module("bad", bad, nn::Linear(5, 4));
  }
  Tensor forward(const Tensor& x) {
    try {
      return bad(x);
    } catch (const ShapeError&) {
      return good(good(x));
    }
  }
  nn::Linear good{nullptr}, bad{nullptr};
};
BALLAST_MODULE(Careful);

TEST(Summary, CountsCallsAndGoesOnAfterOneThatThrew) {
  const ModelSummary s = summary(Careful(), {.input_size = {2, 4}});
  EXPECT_EQ(s.at("good").calls, 2U);
  EXPECT_EQ(s.at("good").own.mult_adds, 2U * 2 * 20);
  EXPECT_EQ(s.layers[0].output_sizes->ref().vec(), (Sizes{2, 4}));
  EXPECT_FALSE(s.at("bad").output_sizes.has_value());
  EXPECT_NE(s.text().find("├─ good: Linear (called 2 times)"), std::string::npos) << s;
}

/// Calls itself.
struct DownwardImpl : nn::Cloneable<DownwardImpl> {
  DownwardImpl() { bind_module("fc", fc, nn::Linear(4, 4)); }
  Tensor forward(const Tensor& x) {
    if (x.size(0) == 1) return fc(x);
    return (*shared())(x.narrow(0, 1, x.size(0) - 1));
  }
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(Downward);

TEST(Summary, CountsAModuleThatCallsItselfWhereItWasCalled) {
  const Downward down;
  const ModelSummary s = summary(nn::Sequential{down, nn::ReLU(), down}, {.input_size = {3, 4}});
  EXPECT_EQ(s.at("0").calls, 3U);
  EXPECT_EQ(s.at("0.fc").calls, 1U);
  EXPECT_EQ(s.at("2").calls, 1U);
  EXPECT_EQ(s.at("2").own.mult_adds, 20U);
  EXPECT_EQ(s.at("0").output_sizes->ref().vec(), (Sizes{1, 4}));
}

TEST(Summary, CountsNoMemoryForViewsOfInputs) {
  const nn::Sequential net{nn::Flatten(), nn::Identity(), nn::ReLU(nn::ReLUOptions().inplace(true)),
                           nn::ReLU()};
  const ModelSummary s = summary(net, {.input_size = {2, 3, 4}});
  EXPECT_EQ(s.total().activation_bytes, 24U * 4);
  EXPECT_EQ(s.at("3").own.activation_bytes, 24U * 4);
}

}  // namespace
}  // namespace ballast
