// What modules and hooks may do during a load.
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::text_of;
using Names = std::vector<std::string>;

nn::Sequential nested() { return nn::Sequential{nn::Linear(1, 1), nn::Sequential{nn::Linear(1, 1)}}; }

TEST(LoadHookTest, RunInTheOrderOfTheTree) {
  const nn::Sequential net = nested();
  Names log;
  for (const auto& [path, m] : net->named_modules()) {
    m->register_load_state_dict_pre_hook([&log](nn::Module&, nn::LoadContext& c) {
      log.push_back("before '" + c.prefix() + "' " + std::to_string(c.version().value_or(-1)));
    });
    m->register_load_state_dict_post_hook(
        [&log, path = path](nn::Module&, nn::IncompatibleKeys&) { log.push_back("after '" + path + "'"); });
  }
  net->load_state_dict(net->state_dict());
  EXPECT_EQ(log, (Names{"before '' 1", "before '0.' 1", "before '1.' 1", "before '1.0.' 1", "after '0'",
                        "after '1.0'", "after '1'", "after ''"}));
}

TEST(LoadHookTest, PreHookMayRenameAndTheCallersDictionaryStays) {
  nn::Sequential net{nn::Linear(2, 2)};
  net[0]->register_load_state_dict_pre_hook([](nn::Module&, nn::LoadContext& c) {
    if (const Tensor* old = c.find("kernel")) {
      const Tensor value = *old;
      c.provide("weight", value.t());
      c.mutable_state().erase(c.prefix() + "kernel");
    }
  });
  const StateDict old{{"0.kernel", tensor({{1.0, 2.0}, {3.0, 4.0}})}, {"0.bias", zeros({2})}};
  EXPECT_TRUE(net->load_state_dict(old).empty());
  EXPECT_EQ(net[0]->parameter("weight")[0][1].item<float>(), 3);
  EXPECT_EQ(old.keys(), (Names{"0.kernel", "0.bias"}));
}

TEST(LoadHookTest, PreHookMaySeeTheWholeDictionaryAndTheOptions) {
  nn::Sequential net{nn::Linear(1, 1), nn::Linear(1, 1)};
  Names seen;
  bool strict = true;
  net[1]->register_load_state_dict_pre_hook([&](nn::Module&, nn::LoadContext& c) {
    seen = c.state().keys();
    strict = c.options().strict;
    EXPECT_TRUE(c.contains("bias"));
    EXPECT_FALSE(c.contains("0.bias"));
  });
  net->load_state_dict(net->state_dict(), false);
  EXPECT_EQ(seen, net->state_dict().keys());
  EXPECT_FALSE(strict);
}

TEST(LoadHookTest, PreHookMayAddAnError) {
  nn::Sequential net = nested();
  net[1]->register_load_state_dict_pre_hook(
      [](nn::Module&, nn::LoadContext& c) { c.error("layout 0 is too old"); });
  StateDict state = net->state_dict();
  state["0.weight"] = zeros({3});
  const std::string before = bytes_of(net[0]->parameter("bias"));
  state["0.bias"] = full({1}, 42.0);
  EXPECT_EQ(text_of([&] { net->load_state_dict(state, false); }),
            "Error(s) in loading state_dict for Sequential:\n\tsize mismatch for 0.weight: copying a param "
            "with shape torch.Size([3]) from checkpoint, the shape in current model is torch.Size([1, "
            "1]).\n\tlayout 0 is too old");
  EXPECT_EQ(bytes_of(net[0]->parameter("bias")), before);
}

TEST(LoadHookTest, PostHookMayForgiveKeys) {
  nn::Sequential net = nested();
  StateDict state = net->state_dict();
  state.erase("0.bias");
  state.insert("1.0.x", zeros({1}));
  state["0.weight"] = full({1, 1}, 5.0);
  auto missing = net->register_load_state_dict_post_hook(
      [](nn::Module&, nn::IncompatibleKeys& keys) { keys.missing_keys.clear(); });
  EXPECT_EQ(text_of([&] { net->load_state_dict(state); }),
            "Error(s) in loading state_dict for Sequential:\n\tUnexpected key(s) in state_dict: \"1.0.x\". ");
  EXPECT_NE(net[0]->parameter("weight").item<float>(), 5);
  net[1]->register_load_state_dict_post_hook(
      [](nn::Module&, nn::IncompatibleKeys& keys) { keys.unexpected_keys.clear(); });
  EXPECT_TRUE(net->load_state_dict(state).empty());
  EXPECT_EQ(net[0]->parameter("weight").item<float>(), 5);
  missing.remove();
  EXPECT_THROW(net->load_state_dict(state), Error);
}

TEST(LoadHookTest, PostHookSeesTheLoadedValues) {
  nn::Linear fc(1, 1);
  float seen = 0;
  fc->register_load_state_dict_post_hook(
      [&](nn::Module& m, nn::IncompatibleKeys&) { seen = m.parameter("weight").item<float>(); });
  fc->load_state_dict(StateDict{{"weight", full({1, 1}, 8.0)}, {"bias", zeros({1})}});
  EXPECT_EQ(seen, 8);
}

TEST(LoadHookTest, HookThatThrowsEndsTheLoadBeforeAnythingChanged) {
  nn::Sequential net = nested();
  net[1]->register_load_state_dict_pre_hook([](nn::Module&, nn::LoadContext&) { throw ValueError("no"); });
  StateDict state = net->state_dict();
  state["0.weight"] = full({1, 1}, 5.0);
  EXPECT_EQ(text_of<ValueError>([&] { net->load_state_dict(state); }), "no");
  EXPECT_NE(net[0]->parameter("weight").item<float>(), 5);
}

TEST(LoadHookTest, ModuleMayReadOlderLayouts) {
  struct RenamedImpl : nn::Cloneable<RenamedImpl> {
    RenamedImpl() { bind_parameter("gain", gain, ones({2})); }
    std::int64_t version() const override { return 2; }
    void before_load(nn::LoadContext& c) override {
      if (c.version().value_or(1) >= 2 || !c.contains("gamma")) return;
      const Tensor old = *c.find("gamma");
      c.provide("gain", old);
      c.mutable_state().erase(c.prefix() + "gamma");
    }
    Tensor gain;
  };
  BALLAST_MODULE(Renamed);
  nn::Sequential net{Renamed(), Renamed()};
  const StateDict old{{"0.gamma", full({2}, 3.0)}, {"1.gamma", full({2}, 4.0)}};
  EXPECT_TRUE(net->load_state_dict(old).empty());
  EXPECT_EQ(net[1]->parameter("gain").sum().item<float>(), 8);
  EXPECT_TRUE(net->load_state_dict(net->state_dict()).empty());
}

}  // namespace
}  // namespace ballast
