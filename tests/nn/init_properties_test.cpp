// Laws of nn::init that no golden file states.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/autograd/grad_mode.h"
#include "ballast/nn/init.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

namespace init = nn::init;
using testing::bytes_of;

struct Drawing {
  const char* name;
  std::function<Tensor(const Tensor&, const std::optional<Generator>&)> fill;
};

const std::vector<Drawing>& drawings() {
  using G = const std::optional<Generator>&;
  static const std::vector<Drawing> all = {
      {"uniform_", [](const Tensor& t, G g) { return init::uniform_(t, -2, 3, g); }},
      {"normal_", [](const Tensor& t, G g) { return init::normal_(t, 1, 0.5, g); }},
      {"trunc_normal_", [](const Tensor& t, G g) { return init::trunc_normal_(t, 0, 1, -1, 1, g); }},
      {"xavier_uniform_", [](const Tensor& t, G g) { return init::xavier_uniform_(t, 2, g); }},
      {"xavier_normal_", [](const Tensor& t, G g) { return init::xavier_normal_(t, 2, g); }},
      {"kaiming_uniform_",
       [](const Tensor& t, G g) { return init::kaiming_uniform_(t, 0.1, kFanOut, kReLU, g); }},
      {"kaiming_normal_",
       [](const Tensor& t, G g) { return init::kaiming_normal_(t, 0.1, kFanOut, kReLU, g); }},
      {"orthogonal_", [](const Tensor& t, G g) { return init::orthogonal_(t, 1.5, g); }},
  };
  return all;
}

TEST(InitProperties, OwnGeneratorGivesWhatTheDefaultOneGivesAndLeavesItAlone) {
  for (const Drawing& d : drawings()) {
    SCOPED_TRACE(d.name);
    manual_seed(5);
    const Tensor by_default = d.fill(empty({12, 7}), {});
    manual_seed(77);
    const std::string state = bytes_of(get_rng_state());
    const Generator own(5);
    const Tensor by_own = d.fill(empty({12, 7}), own);
    EXPECT_EQ(bytes_of(by_own), bytes_of(by_default));
    EXPECT_EQ(bytes_of(get_rng_state()), state);
  }
}

TEST(InitProperties, SparseTakesItsHolesFromTheDefaultGeneratorOnly) {
  manual_seed(3);
  const Tensor a = init::sparse_(empty({10, 6}), 0.4, 1, Generator(1));
  manual_seed(3);
  const Tensor b = init::sparse_(empty({10, 6}), 0.4, 1, Generator(2));
  EXPECT_EQ(bytes_of(a.eq(0)), bytes_of(b.eq(0)));
  EXPECT_NE(bytes_of(a), bytes_of(b));
}

TEST(InitProperties, SameSeedGivesTheSameBitsWhateverTheStrides) {
  for (const Drawing& d : drawings()) {
    SCOPED_TRACE(d.name);
    // Two transposed views and two of every second column: equal layouts draw equally, and nothing else is touched.
    for (int layout = 0; layout < 2; ++layout) {
      const auto view = [&](const Tensor& base) { return layout == 0 ? base.t() : base.slice(1, 0, 16, 2); };
      const Tensor base_a = full({8, 16}, 9.0), base_b = full({8, 16}, 9.0);
      manual_seed(11);
      d.fill(view(base_a), {});
      manual_seed(11);
      d.fill(view(base_b), {});
      EXPECT_EQ(bytes_of(base_a), bytes_of(base_b));
      if (layout == 1) {
        EXPECT_TRUE(base_a.slice(1, 1, 16, 2).eq(9).all().item<bool>());
        EXPECT_FALSE(base_a.slice(1, 0, 16, 2).eq(9).any().item<bool>());
      }
    }
  }
}

TEST(InitProperties, FunctionsThatDrawNothingFillAnyLayoutAlike) {
  const std::vector<std::function<Tensor(const Tensor&)>> fills = {
      [](const Tensor& t) { return init::constant_(t, 0.3); }, [](const Tensor& t) { return init::ones_(t); },
      [](const Tensor& t) { return init::zeros_(t); }, [](const Tensor& t) { return init::eye_(t); }};
  for (const auto& fill : fills) {
    EXPECT_EQ(bytes_of(fill(full({5, 3}, 9.0).t())), bytes_of(fill(empty({3, 5}))));
  }
}

TEST(InitProperties, ParametersAreWrittenWithoutBeingRecordedOrRefused) {
  for (const Drawing& d : drawings()) {
    SCOPED_TRACE(d.name);
    const Parameter p(zeros({6, 4}));
    const Tensor result = d.fill(p, {});
    EXPECT_TRUE(result.is_same(p));
    EXPECT_TRUE(p.requires_grad());
    EXPECT_TRUE(GradMode::is_enabled());
  }
  const Parameter square(zeros({4, 4}));
  const Parameter kernel(zeros({2, 2, 3}));
  EXPECT_NO_THROW(init::eye_(square));
  EXPECT_NO_THROW(init::dirac_(kernel));
  EXPECT_NO_THROW(init::sparse_(square, 0.5));
}

TEST(InitProperties, ElementsThatAreOneAreNotDrawnTwice) {
  for (const Drawing& d : drawings()) {
    const Tensor expanded = zeros({1, 3}).expand({4, 3});
    try {
      d.fill(expanded, {});
      ADD_FAILURE() << d.name << " wrote an expanded tensor";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("more than one element of the written-to tensor"),
                std::string::npos)
          << d.name << ": " << e.what();
    }
  }
}

TEST(InitProperties, MetaTensorsDrawNothing) {
  const Tensor meta = empty({4, 4}, TensorOptions(kMeta));
  manual_seed(1);
  const std::string state = bytes_of(get_rng_state());
  for (const Drawing& d : drawings()) EXPECT_TRUE(d.fill(meta, {}).is_same(meta)) << d.name;
  init::sparse_(meta, 0.5);
  init::eye_(meta);
  init::dirac_(empty({4, 4, 3}, TensorOptions(kMeta)));
  EXPECT_EQ(bytes_of(get_rng_state()), state);
}

TEST(InitProperties, FansCountInputsOutputsAndTheReceptiveField) {
  const auto fans = [](IntArrayRef sizes) { return init::_calculate_fan_in_and_fan_out(empty(sizes)); };
  using Pair = std::tuple<std::int64_t, std::int64_t>;
  EXPECT_EQ(fans({3, 5}), Pair(5, 3));
  EXPECT_EQ(fans({4, 6, 3}), Pair(18, 12));
  EXPECT_EQ(fans({4, 6, 3, 5}), Pair(90, 60));
  EXPECT_EQ(fans({4, 6, 2, 2, 2}), Pair(48, 32));
  EXPECT_EQ(fans({4, 0}), Pair(0, 4));
}

TEST(InitProperties, SpreadIsWhatTheFormulaSays) {
  manual_seed(0);
  const Tensor w = empty({400, 300});
  const auto expect_std = [&](const Tensor& t, double expected) {
    EXPECT_NEAR(t.mean().item<double>(), 0, 4 * expected / std::sqrt(static_cast<double>(t.numel())));
    EXPECT_NEAR(t.std().item<double>() / expected, 1, 0.01);
  };
  expect_std(init::xavier_uniform_(w, 1.5), 1.5 * std::sqrt(2.0 / 700));
  expect_std(init::xavier_normal_(w), std::sqrt(2.0 / 700));
  expect_std(init::kaiming_uniform_(w, 0, kFanIn, kReLU), std::sqrt(2.0 / 300));
  expect_std(init::kaiming_normal_(w, 0, kFanOut, kTanh), 5.0 / 3 / std::sqrt(400.0));
  expect_std(init::orthogonal_(w, 2), 2 / std::sqrt(400.0));
  const Tensor cut = init::trunc_normal_(w, 0, 1, -0.5, 1.5);
  EXPECT_GE(cut.min().item<double>(), -0.5);
  EXPECT_LE(cut.max().item<double>(), 1.5);
}

TEST(InitProperties, SparseZeroesAsManyOfEveryColumn) {
  manual_seed(0);
  const Tensor holes = init::sparse_(empty({10, 30}), 0.25).eq(0).sum(0);
  EXPECT_TRUE(holes.eq(3).all().item<bool>());  // ceil(2.5)
  EXPECT_FALSE(init::sparse_(empty({4, 3}), 0).eq(0).any().item<bool>());
  EXPECT_TRUE(init::sparse_(empty({4, 3}), 1).eq(0).all().item<bool>());
  EXPECT_TRUE(init::sparse_(empty({4, 3}), 7).eq(0).all().item<bool>());
}

TEST(InitProperties, DiracPassesChannelsOn) {
  const Tensor w = init::dirac_(full({6, 2, 3, 5}, 9.0), 2);
  EXPECT_EQ(w.sum().item<double>(), 4);  // two channels in each of two groups
  for (const std::int64_t row : {0, 3}) {
    EXPECT_EQ(w[row][0][1][2].item<double>(), 1);
    EXPECT_EQ(w[row + 1][1][1][2].item<double>(), 1);
  }
  EXPECT_EQ(init::dirac_(empty({0, 2, 3})).numel(), 0);
}

TEST(InitProperties, EnumsAndStringsMeanTheSame) {
  const auto bits = [](const init::FanModeType& mode, const init::NonlinearityType& nonlinearity) {
    manual_seed(0);
    return bytes_of(init::kaiming_normal_(empty({6, 4}), 0.3, mode, nonlinearity));
  };
  EXPECT_EQ(bits(kFanOut, kTanh), bits("Fan_OUT", "tanh"));
  EXPECT_EQ(bits(kFanIn, kLeakyReLU), bits("fan_in", "leaky_relu"));
  EXPECT_NE(bits(kFanIn, kLeakyReLU), bits("fan_out", "leaky_relu"));
}

TEST(InitProperties, OldNamesWorkAndSayTheNewOnes) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const testing::WarningLog log;
  manual_seed(2);
  const Tensor old = init::xavier_uniform(empty({3, 4}), 2);
  manual_seed(2);
  EXPECT_EQ(bytes_of(old), bytes_of(init::xavier_uniform_(empty({3, 4}), 2)));
  init::eye(empty({2, 2}));
  EXPECT_EQ(log.texts,
            (std::vector<std::string>{
                "`nn.init.xavier_uniform` is now deprecated in favor of `nn.init.xavier_uniform_`.",
                "`nn.init.eye` is now deprecated in favor of `nn.init.eye_`."}));
#pragma GCC diagnostic pop
}

}  // namespace
}  // namespace ballast
