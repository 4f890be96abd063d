// Modules as values and handles, on the stack and on several threads.
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/nn/models.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::text_of;
using Names = std::vector<std::string>;

struct NetImpl : nn::Cloneable<NetImpl> {
  NetImpl() {
    bind_parameter("scale", scale, ones({2}));
    bind_buffer("mean", mean, zeros({2}));
    bind_module("fc", fc, nn::Linear(2, 2));
    register_parameter("held", zeros({1}));
    register_module("act", nn::ReLU());
  }
  Tensor scale, mean;
  nn::Linear fc{nullptr};
};
BALLAST_MODULE(Net);

/// Whether the members of `net` are what it lists.
void expect_bound(const NetImpl& net) {
  EXPECT_TRUE(net.parameter("scale").is_same(net.scale));
  EXPECT_TRUE(net.buffer("mean").is_same(net.mean));
  EXPECT_EQ(net.child("fc"), net.fc.module_ptr());
  EXPECT_EQ(net.state_dict().keys(), (Names{"scale", "held", "mean", "fc.weight", "fc.bias"}));
}

TEST(OwnershipTest, CopyOnTheStackSharesEverythingAndBindsItsOwnMembers) {
  NetImpl a;
  NetImpl b = a;
  expect_bound(a);
  expect_bound(b);
  EXPECT_TRUE(a.scale.is_same(b.scale));
  EXPECT_TRUE(a.fc == b.fc);
  b.scale = Parameter(zeros({5}));
  b.register_buffer("mean", ones({2}));
  expect_bound(b);
  EXPECT_EQ(a.parameter("scale").numel(), 2);
  EXPECT_EQ(a.mean.sum().item<float>(), 0);
}

TEST(OwnershipTest, AssigningAModuleTakesOverItsEntries) {
  NetImpl a;
  NetImpl b;
  b.scale = Parameter(zeros({7}));
  a = b;
  expect_bound(a);
  EXPECT_EQ(a.parameter("scale").numel(), 7);
  const NetImpl& self = a;
  a = self;
  expect_bound(a);
}

TEST(OwnershipTest, MovedToModuleHasTheEntries) {
  NetImpl a;
  const Tensor scale = a.scale;
  const NetImpl b = std::move(a);
  expect_bound(b);
  EXPECT_TRUE(b.scale.is_same(scale));
  std::vector<NetImpl> several;
  for (int i = 0; i < 5; ++i) several.emplace_back();
  several.erase(several.begin());
  for (const NetImpl& net : several) expect_bound(net);
}

TEST(OwnershipTest, ModuleOnTheStackListsAllButItself) {
  NetImpl net;
  EXPECT_EQ(net.modules(false).size(), 2u);
  EXPECT_EQ(net.named_modules({.include_self = false}).keys(), (Names{"fc", "act"}));
  const std::string text = text_of([&] { std::ignore = net.modules(); });
  EXPECT_NE(text.find("It looks like you attempted to retrieve your top-level module as a shared_ptr"),
            std::string::npos)
      << text;
  EXPECT_THROW(std::ignore = net.get_submodule(""), Error);
  EXPECT_EQ(net.get_submodule("fc"), net.fc.module_ptr());
  EXPECT_TRUE(net.load_state_dict(net.state_dict()).empty());
  expect_bound(*net.clone()->as<Net>());
  int calls = 0;
  net.apply([&](nn::Module&) { ++calls; });
  EXPECT_EQ(calls, 3);
  EXPECT_THROW(net.apply([](const std::shared_ptr<nn::Module>&) {}), Error);
}

TEST(OwnershipTest, HolderIsAHandle) {
  Net a;
  Net b = a;  // NOLINT(*-unnecessary-copy-*)
  EXPECT_TRUE(a == b);
  b->scale = Parameter(zeros({3}));
  EXPECT_EQ(a->scale.numel(), 3);
  EXPECT_EQ(a.ptr().get(), a.get());
  const Net constant = a;
  constant->scale = Parameter(zeros({4}));
  EXPECT_EQ(a->parameter("scale").numel(), 4);
  std::shared_ptr<NetImpl> shared = a.ptr();
  EXPECT_TRUE(Net(shared) == a);
  EXPECT_EQ(shared->as<Net>(), a.get());
  EXPECT_EQ(shared->as<nn::Linear>(), nullptr);
  EXPECT_EQ(shared->as<nn::Module>(), a.get());
}

TEST(OwnershipTest, EmptyHolderSaysSo) {
  const Net none{nullptr};
  EXPECT_TRUE(none.is_empty());
  EXPECT_FALSE(none);
  EXPECT_TRUE(none == nullptr);
  EXPECT_EQ(text_of([&] { std::ignore = none->scale; }), "Accessing empty ModuleHolder");
  EXPECT_EQ(text_of([&] { std::ignore = *none; }), "Accessing empty ModuleHolder");
  EXPECT_EQ(text_of([&] { std::ignore = none.ptr(); }), "Accessing empty ModuleHolder");
  EXPECT_EQ(text_of([&] { std::ignore = nn::clone(none); }), "Accessing empty ModuleHolder");
  EXPECT_EQ(fmt::format("{}", none), "None");
}

TEST(OwnershipTest, ModuleOutlivesTheTreeThatHeldIt) {
  std::shared_ptr<nn::Module> fc;
  Tensor weight;
  {
    const Net net;
    fc = net->child("fc");
    weight = net->fc->weight;
  }
  EXPECT_EQ(fc->parameter("weight").numel(), 4);
  fc.reset();
  EXPECT_EQ(weight.numel(), 4);
}

TEST(OwnershipTest, ConstModuleIsAConstHandle) {
  const Net net;
  const nn::Module& constant = *net;
  static_assert(std::is_same_v<decltype(constant.parameter("scale")), Tensor&>);
  constant.parameter("scale").data().fill_(9);
  EXPECT_EQ(net->scale.sum().item<float>(), 18);
}

TEST(ThreadsTest, BuildListCopyAndLoadSeparateModelsAtOnce) {
  constexpr int kThreads = 4;
  std::vector<std::string> errors(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &errors] {
      try {
        for (int round = 0; round < 5; ++round) {
          for (const auto& [name, make] : testing::model_table()) {
            const auto model = make();
            const auto copy = nn::clone(model);
            for (const auto& [path, p] : copy->named_parameters()) {
              if (p.requires_grad()) p.data().fill_(t);
            }
            model->load_state_dict(copy->state_dict());
            for (const Tensor& p : model->parameters()) {
              if (p.requires_grad() && !p.to(kComplex64).eq(t).all().item<bool>()) errors[t] = name;
            }
            if (model->repr() != copy->repr()) errors[t] = name + ": repr";
            model->to(kFloat64);
          }
        }
      } catch (const std::exception& e) {
        errors[t] = e.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& error : errors) EXPECT_EQ(error, "");
}

TEST(ThreadsTest, GeneratorsOfTheirOwnGiveEveryThreadItsOwnStream) {
  const auto drawn = [](std::uint64_t seed) {
    const Generator g(seed);
    nn::Linear fc(64, 64);
    nn::init::normal_(fc->weight, 0, 1, g);
    nn::init::kaiming_uniform_(fc->weight, 0, "fan_in", "relu", g);
    return bytes_of(fc->weight);
  };
  std::vector<std::string> alone;
  for (std::uint64_t t = 0; t < 4; ++t) alone.push_back(drawn(t));
  std::vector<std::string> together(alone.size());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < alone.size(); ++t) threads.emplace_back([&, t] { together[t] = drawn(t); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(together, alone);
}

}  // namespace
}  // namespace ballast
