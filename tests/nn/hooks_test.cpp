// Hooks: when they run, what they may change, and how they go.
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::text_of;
using Names = std::vector<std::string>;

nn::Sequential small_net() { return nn::Sequential{nn::Linear(2, 2), nn::ReLU(), nn::Linear(2, 1)}; }

TEST(ForwardHookTest, RunAroundForwardInOrderOfRegistration) {
  nn::Linear fc(2, 2);
  Names log;
  const auto note = [&log](const std::string& what) {
    return [&log, what](nn::Module&, std::vector<Tensor>&) { log.push_back(what); };
  };
  fc->register_forward_pre_hook(note("pre 1"));
  fc->register_forward_pre_hook(note("pre 2"));
  fc->register_forward_pre_hook(note("pre 0"), true);
  fc->register_forward_hook([&](nn::Module& m, const std::vector<Tensor>& in, Tensor& out) {
    log.push_back("post of " + m.class_name() + std::to_string(in.size()) + std::to_string(out.dim()));
  });
  fc->register_forward_hook(
      [&](nn::Module&, const std::vector<Tensor>&, Tensor&) { log.push_back("post 0"); }, true);
  const Tensor y = fc(ones({3, 2}));
  EXPECT_EQ(log, (Names{"pre 0", "pre 1", "pre 2", "post 0", "post of Linear12"}));
  EXPECT_EQ(y.sizes().vec(), (std::vector<std::int64_t>{3, 2}));
}

TEST(ForwardHookTest, RunOnThePartsOfAnAdaptiveSoftmax) {
  nn::AdaptiveLogSoftmaxWithLoss layer(nn::AdaptiveLogSoftmaxWithLossOptions(8, 20, {4, 10}));
  Names log;
  for (const auto& [name, module] : layer->named_modules()) {
    module->register_forward_hook(
        [&log, path = name](nn::Module&, const std::vector<Tensor>&, Tensor&) { log.push_back(path); });
  }
  (void)layer->log_prob(ones({2, 8}));
  EXPECT_EQ(log, (Names{"head", "tail.0.0", "tail.0.1", "tail.0", "tail.1.0", "tail.1.1", "tail.1"}));
}

TEST(ForwardHookTest, ReplaceInputsAndResult) {
  nn::Sequential net = small_net();
  net[0]->register_forward_pre_hook([](nn::Module&, std::vector<Tensor>& in) { in[0] = zeros({1, 2}); });
  net[0]->register_forward_hook([](nn::Module&, const std::vector<Tensor>& in, const Tensor& out) {
    return out.sub(out).add(in[0].sum()).add(3);
  });
  Tensor seen;
  net[1]->register_forward_hook([&](nn::Module&, const std::vector<Tensor>& in, Tensor& out) {
    seen = in[0];
    out = out.add(1);
  });
  const Tensor y = net(ones({1, 2}));
  EXPECT_EQ(seen.sum().item<float>(), 6);
  const auto* last = net[2]->as<nn::Linear>();
  EXPECT_TRUE(y.allclose(nn::functional::linear(full({1, 2}, 4.0), last->weight, last->bias)));
}

TEST(ForwardHookTest, RunOnceHoweverTheModuleIsCalled) {
  nn::Linear fc(2, 2);
  int calls = 0;
  fc->register_forward_hook([&](nn::Module&, const std::vector<Tensor>&, Tensor&) { ++calls; });
  const Tensor x = ones({1, 2});
  std::ignore = fc(x);
  EXPECT_EQ(calls, 1);
  nn::Module& base = *fc;
  std::ignore = base(x);
  EXPECT_EQ(calls, 2);
  std::ignore = nn::Sequential(fc, fc)(x);
  EXPECT_EQ(calls, 4);
  std::ignore = fc->forward(x);
  std::ignore = base.call(x);
  EXPECT_EQ(calls, 4) << "forward() and call() run without hooks";
}

TEST(ForwardHookTest, ModuleOfAnotherSignatureIsHookedOnItsTensors) {
  struct ScaleImpl : nn::Cloneable<ScaleImpl> {
    Tensor forward(const Tensor& x, double factor, const Tensor& shift) { return x.mul(factor).add(shift); }
  };
  BALLAST_MODULE(Scale);
  Scale scale;
  std::size_t inputs = 0;
  scale->register_forward_pre_hook([&](nn::Module&, std::vector<Tensor>& in) {
    inputs = in.size();
    in[1] = full({1}, 100.0);
  });
  EXPECT_EQ(scale(full({1}, 2.0), 3.0, zeros({1})).item<float>(), 106);
  EXPECT_EQ(inputs, 2u);
}

TEST(ForwardHookTest, RemovedHooksRunNoMore) {
  nn::Linear fc(2, 2);
  Names log;
  std::vector<nn::RemovableHandle> handles(3);
  for (int i = 0; i < 3; ++i) {
    handles[i] = fc->register_forward_pre_hook([&log, &handles, i](nn::Module&, std::vector<Tensor>&) {
      log.push_back(std::to_string(i));
      if (i == 0) handles[0].remove();  // takes itself off while it runs
      if (i == 1) handles[2].remove();  // the one after it still runs this time
    });
  }
  std::ignore = fc(ones({1, 2}));
  EXPECT_EQ(log, (Names{"0", "1", "2"}));
  log.clear();
  std::ignore = fc(ones({1, 2}));
  EXPECT_EQ(log, (Names{"1"}));
  handles[1].remove();
  handles[1].remove();
  EXPECT_FALSE(fc->has_forward_hooks());
  nn::RemovableHandle nothing;
  nothing.remove();
}

TEST(ForwardHookTest, HandleOutlivesItsModule) {
  nn::RemovableHandle handle;
  {
    nn::Linear fc(2, 2);
    handle = fc->register_forward_pre_hook([](nn::Module&, std::vector<Tensor>&) {});
  }
  handle.remove();
}

TEST(ForwardHookTest, CopyHasHooksOfItsOwn) {
  nn::Linear fc(2, 2);
  int calls = 0;
  auto handle = fc->register_forward_pre_hook([&](nn::Module&, std::vector<Tensor>&) { ++calls; });
  const nn::Linear copy = nn::clone(fc);
  handle.remove();
  std::ignore = fc(ones({1, 2}));
  EXPECT_EQ(calls, 0);
  std::ignore = copy(ones({1, 2}));
  EXPECT_EQ(calls, 1);
}

TEST(ForwardHookTest, HookThatThrowsLeavesTheModuleUsable) {
  nn::Linear fc(2, 2);
  auto handle =
      fc->register_forward_pre_hook([](nn::Module&, std::vector<Tensor>&) { throw ValueError("not today"); });
  EXPECT_EQ(text_of<ValueError>([&] { std::ignore = fc(ones({1, 2})); }), "not today");
  handle.remove();
  EXPECT_EQ(fc(ones({1, 2})).numel(), 2);
}

TEST(StateDictHookTest, RunBeforeAndAfterEachPartOfTheTree) {
  nn::Sequential net{nn::Linear(1, 1), nn::Sequential{nn::Linear(1, 1)}};
  Names log;
  for (const auto& [path, m] : net->named_modules()) {
    m->register_state_dict_pre_hook([&log](nn::Module&, const std::string& prefix, bool keep_vars) {
      log.push_back("before '" + prefix + (keep_vars ? "' kept" : "'"));
    });
    m->register_state_dict_post_hook([&log](nn::Module&, StateDict& state, const std::string& prefix) {
      log.push_back("after '" + prefix + "' " + std::to_string(state.size()));
    });
  }
  std::ignore = net->state_dict();
  EXPECT_EQ(log, (Names{"before ''", "before '0.'", "after '0.' 2", "before '1.'", "before '1.0.'",
                        "after '1.0.' 4", "after '1.' 4", "after '' 4"}));
  log.clear();
  std::ignore = net[0]->state_dict({.prefix = "p.", .keep_vars = true});
  EXPECT_EQ(log, (Names{"before 'p.' kept", "after 'p.' 2"}));
}

TEST(StateDictHookTest, ChangesWhatIsListed) {
  nn::Sequential net = small_net();
  net[0]->register_state_dict_post_hook([](nn::Module&, StateDict& state, const std::string& prefix) {
    state.erase(prefix + "bias");
    state.insert(prefix + "scale", ones({1}));
  });
  auto handle = net->register_state_dict_post_hook(
      [](nn::Module&, StateDict& state, const std::string&) { state.assign("0.weight", zeros({1})); });
  const StateDict state = net->state_dict();
  EXPECT_EQ(state.keys(), (Names{"0.weight", "0.scale", "2.weight", "2.bias"}));
  EXPECT_EQ(state["0.weight"].numel(), 1);
  handle.remove();
  EXPECT_EQ(net->state_dict()["0.weight"].numel(), 4);
}

}  // namespace
}  // namespace ballast
