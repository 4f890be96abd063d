// Trees of a size that recursion, quadratic work or memory for values would not survive.
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/thrown.h"
#include <gtest/gtest.h>
#include <unistd.h>

#include "ballast/core/sanitizer.h"
#include "ballast/nn/nn.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::text_of;

/// One Sequential in another, `depth` of them, with a Linear at the bottom.
nn::Sequential chain(int depth) {
  nn::Sequential net{nn::Linear(1, 1), nn::Identity()};
  net->erase(1);
  for (int i = 1; i < depth; ++i) {
    nn::Sequential outer;
    outer->push_back(net);
    net = outer;
  }
  return net;
}

/// Bytes of memory that the process has in use.
std::int64_t resident_bytes() {
  std::int64_t all = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

constexpr int kDeep = 100'000;

constexpr std::int64_t kShadow = kUnderSanitizer ? 16 : 1;  // how many bytes a sanitizer may keep for one

TEST(DeepTreeTest, IsListedChangedCopiedAndDestroyedWithoutRecursion) {
  nn::Sequential net = chain(kDeep);
  EXPECT_EQ(net->parameters().size(), 2u);
  EXPECT_EQ(net->named_parameters().keys()[0].size(), std::size_t{2} * kDeep + std::string("weight").size());
  EXPECT_EQ(net->modules().size(), std::size_t{kDeep} + 1);
  EXPECT_TRUE(net->buffers().empty());
  net->eval().requires_grad_(false).to(kFloat64);
  std::size_t applied = 0;
  net->apply([&](nn::Module& m) { applied += m.is_training() ? 0 : 1; });
  EXPECT_EQ(applied, std::size_t{kDeep} + 1);
  EXPECT_TRUE(nn::tied_parameters(*net).empty());

  nn::Sequential copy = nn::clone(net);
  EXPECT_EQ(copy->parameters()[0].dtype(), kFloat64);
  const std::string bottom = copy->named_parameters().keys()[0];
  EXPECT_TRUE(copy->get_parameter(bottom).is_same(copy->parameters()[0]));
  net = nn::Sequential();
  copy = nn::Sequential();
}

TEST(DeepTreeTest, PiecesAreDestroyedByWhoeverHoldsThemLast) {
  auto net = std::make_unique<nn::Sequential>(chain(kDeep));
  std::vector<std::shared_ptr<nn::Module>> modules = (*net)->modules();
  const std::shared_ptr<nn::Module> middle = modules[kDeep / 2];
  modules.clear();
  net.reset();
  EXPECT_EQ(middle->parameters().size(), 2u);
}

TEST(DeepTreeTest, StateOfAThousandLevelsGoesRound) {
  const nn::Sequential net = chain(1000);
  const StateDict state = net->state_dict();
  EXPECT_EQ(state.metadata.size(), 1001u);
  EXPECT_TRUE(chain(1000)->load_state_dict(state).empty());
}

TEST(DeepTreeTest, TextStopsAtItsLimit) {
  EXPECT_NO_THROW(std::ignore = chain(900)->repr());
  EXPECT_EQ(text_of<LimitError>([] { std::ignore = chain(2000)->repr(); }),
            "a module tree deeper than 1000 levels cannot be printed");
}

TEST(CyclicTreeTest, IsListedOnceAndRefusedWhereEveryNameIsWanted) {
  nn::Sequential outer{nn::Linear(1, 1), nn::ReLU()};
  nn::Sequential inner;
  inner->push_back(nn::Linear(1, 1));
  inner->push_back(outer);
  outer->push_back(inner);

  EXPECT_EQ(outer->parameters().size(), 4u);
  EXPECT_EQ(outer->modules().size(), 5u);
  outer->eval();
  const std::string text = "a module tree that contains itself has no end of names";
  EXPECT_NE(text_of([&] { std::ignore = outer->state_dict(); }).find(text), std::string::npos);
  EXPECT_NE(text_of([&] { outer->load_state_dict(StateDict()); }).find(text), std::string::npos);
  EXPECT_NE(text_of([&] { std::ignore = outer->named_parameters({.remove_duplicate = false}); }).find(text),
            std::string::npos);
  EXPECT_NE(text_of([&] { outer->apply([](nn::Module&) {}); }).find(text), std::string::npos);
  EXPECT_THROW(std::ignore = outer->repr(), LimitError);
  inner->erase(1);
  EXPECT_EQ(outer->state_dict().size(), 4u);
}

TEST(WideTreeTest, GrowsLinearly) {
  const auto seconds_for = [](int n) {
    const DefaultDeviceGuard meta(kMeta);
    nn::Sequential net;
    for (int i = 0; i < n; ++i) net->push_back(nn::Linear(nn::LinearOptions(1, 1).bias(false)));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(net->named_parameters().size(), static_cast<std::size_t>(n));
    EXPECT_TRUE(net->has_child(std::to_string(n - 1)));
    EXPECT_TRUE(net->load_state_dict(net->state_dict()).empty());
    nn::Sequential half = net->slice(0, n / 2);
    net->extend(*half);
    EXPECT_EQ(net->parameters().size(), static_cast<std::size_t>(n));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds_for(2'000);
  const double small = seconds_for(2'000);
  const double large = seconds_for(40'000);
  EXPECT_LT(large, 20 * 12 * (small + 1e-4))
      << "20 times as many modules took " << large / small << " times as long";
}

TEST(MetaModelTest, AHundredBillionParametersFitInAFewMegabytes) {
  const DefaultDeviceGuard meta(kMeta);
  const std::int64_t before = resident_bytes();
  nn::Sequential net;
  constexpr std::int64_t kWidth = 12'288;
  for (int i = 0; i < 80; ++i) {
    net->push_back(nn::TransformerEncoderLayer(
        nn::TransformerEncoderLayerOptions(kWidth, 96).dim_feedforward(4 * kWidth)));
  }
  std::int64_t count = 0;
  for (const auto& [name, p] : net->named_parameters()) count += p.numel();
  const StateDict listed = net->state_dict();
  const nn::Sequential copy = nn::clone(net);
  copy->half();
  EXPECT_GT(count, 100'000'000'000);
  EXPECT_EQ(listed.size(), net->parameters().size());
  EXPECT_EQ(nn::tying_savings(*net).parameters_held, count);
  EXPECT_EQ(copy->parameters()[0].dtype(), kFloat16);
  EXPECT_NE(net->repr().find("out_features=49152"), std::string::npos);
  EXPECT_LT(resident_bytes() - before, kShadow * 8 * 1024 * 1024);
}

TEST(MetaModelTest, DrawsNoRandomNumbersAndTakesValuesWithAssign) {
  manual_seed(3);
  const double expected = rand({1}).item<double>();
  manual_seed(3);
  nn::Linear skeleton{nullptr};
  {
    const DefaultDeviceGuard meta(kMeta);
    skeleton = nn::Linear(4, 3);
  }
  EXPECT_EQ(rand({1}).item<double>(), expected);
  const nn::Linear trained(4, 3);
  skeleton->load_state_dict(trained->state_dict(), {.assign = true});
  const Tensor x = ones({2, 4});
  EXPECT_TRUE(skeleton(x).equal(trained(x)));
}

}  // namespace
}  // namespace ballast
