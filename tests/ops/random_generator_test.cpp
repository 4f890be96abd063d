// Whose numbers a function draws: those of the generator it is given, else the default one's.
#include <functional>
#include <thread>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/nn/init.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"
#include "ballast/ops/random_trunc_normal.h"

namespace ballast {
namespace {

using testing::bytes_of;
using Source = std::optional<Generator>;

struct Draw {
  const char* name;
  std::function<Tensor(const Source&)> from;
};

std::vector<Draw> draws() {
  const auto tensor_of = [](std::int64_t n) { return empty(n); };
  static const Tensor kLike = zeros({5, 7});
  static const Tensor kHalves = full({5, 7}, 0.5);
  return {
      {"uniform_", [=](const Source& g) { return tensor_of(40).uniform_(0, 1, g); }},
      {"normal_", [=](const Source& g) { return tensor_of(40).normal_(0, 1, g); }},
      {"normal_ of few", [=](const Source& g) { return tensor_of(9).normal_(0, 1, g); }},
      {"log_normal_", [=](const Source& g) { return tensor_of(40).log_normal_(0, 1, g); }},
      {"cauchy_", [=](const Source& g) { return tensor_of(40).cauchy_(0, 1, g); }},
      {"exponential_", [=](const Source& g) { return tensor_of(40).exponential_(1, g); }},
      {"geometric_", [=](const Source& g) { return tensor_of(40).geometric_(0.3, g); }},
      {"bernoulli_", [=](const Source& g) { return tensor_of(40).bernoulli_(0.3, g); }},
      {"bernoulli_ of a tensor", [=](const Source& g) { return tensor_of(40).bernoulli_(full({}, 0.3), g); }},
      {"random_", [=](const Source& g) { return tensor_of(40).random_(g); }},
      {"random_ of two bounds", [=](const Source& g) { return tensor_of(40).random_(-3, 99, g); }},
      {"random_ of one bound",
       [=](const Source& g) { return g ? tensor_of(40).random_(99, *g) : tensor_of(40).random_(99); }},
      {"Tensor::bernoulli", [](const Source& g) { return kHalves.bernoulli(g); }},
      {"Tensor::multinomial", [](const Source& g) { return kHalves.multinomial(3, false, g); }},
      {"rand",
       [](const Source& g) {
         return rand({5, 7}, g);
       }},
      {"randn",
       [](const Source& g) {
         return randn({5, 7}, g);
       }},
      {"randint",
       [](const Source& g) {
         return randint(100, {5, 7}, g);
       }},
      {"randint of two bounds",
       [](const Source& g) {
         return randint(-100, 100, {5, 7}, g);
       }},
      {"randperm", [](const Source& g) { return randperm(50, g); }},
      {"rand_like", [](const Source& g) { return rand_like(kLike, g); }},
      {"randn_like", [](const Source& g) { return randn_like(kLike, g); }},
      {"randint_like", [](const Source& g) { return randint_like(kLike, 100, g); }},
      {"randint_like of two bounds", [](const Source& g) { return randint_like(kLike, -100, 100, g); }},
      {"normal of two numbers",
       [](const Source& g) {
         return normal(1, 2, {5, 7}, g);
       }},
      {"normal of a tensor and a number", [](const Source& g) { return normal(kLike, 2, g); }},
      {"normal of a number and a tensor", [](const Source& g) { return normal(1, kHalves, g); }},
      {"normal of two tensors", [](const Source& g) { return normal(kLike, kHalves, g); }},
      {"bernoulli", [](const Source& g) { return bernoulli(kHalves, g); }},
      {"bernoulli of a number", [](const Source& g) { return bernoulli(kLike, 0.3, g); }},
      {"multinomial", [](const Source& g) { return multinomial(kHalves, 3, false, g); }},
      {"multinomial with replacement", [](const Source& g) { return multinomial(kHalves, 30, true, g); }},
      {"dropout_mask", [](const Source& g) { return dropout_mask(kLike, 0.4, g); }},
      {"feature_dropout_mask", [](const Source& g) { return feature_dropout_mask(kLike, 0.4, g); }},
      {"trunc_normal_fill",
       [=](const Source& g) {
         Tensor t = tensor_of(40);
         trunc_normal_fill(t, 0, 1, -1, 1, g);
         return t;
       }},
      {"init::uniform_",
       [](const Source& g) {
         return nn::init::uniform_(empty({5, 7}), 0, 1, g);
       }},
      {"init::normal_",
       [](const Source& g) {
         return nn::init::normal_(empty({5, 7}), 0, 1, g);
       }},
      {"init::trunc_normal_",
       [](const Source& g) {
         return nn::init::trunc_normal_(empty({5, 7}), 0, 1, -2, 2, g);
       }},
      {"init::xavier_uniform_",
       [](const Source& g) {
         return nn::init::xavier_uniform_(empty({5, 7}), 1, g);
       }},
      {"init::xavier_normal_",
       [](const Source& g) {
         return nn::init::xavier_normal_(empty({5, 7}), 1, g);
       }},
      {"init::kaiming_uniform_",
       [](const Source& g) {
         return nn::init::kaiming_uniform_(empty({5, 7}), 0, kFanIn, kReLU, g);
       }},
      {"init::kaiming_normal_",
       [](const Source& g) {
         return nn::init::kaiming_normal_(empty({5, 7}), 0, kFanIn, kReLU, g);
       }},
      {"init::orthogonal_",
       [](const Source& g) {
         return nn::init::orthogonal_(empty({5, 7}), 1, g);
       }},
  };
}

TEST(RandomGenerator, AGivenOneGivesWhatTheDefaultOneWouldAndLeavesThatAlone) {
  for (const Draw& draw : draws()) {
    manual_seed(31);
    const std::string expected = bytes_of(draw.from(std::nullopt));
    const std::string after = bytes_of(get_rng_state());
    EXPECT_NE(after, bytes_of(Generator(31).get_state())) << draw.name << " draws";

    manual_seed(8);
    const std::string untouched = bytes_of(get_rng_state());
    const Generator own(31);
    EXPECT_EQ(bytes_of(draw.from(own)), expected) << draw.name;
    EXPECT_EQ(bytes_of(own.get_state()), after) << draw.name;
    EXPECT_EQ(bytes_of(get_rng_state()), untouched) << draw.name;
  }
}

TEST(RandomGenerator, SparseTakesItsPermutationsFromTheDefaultOne) {
  manual_seed(8);
  const Generator own(31);
  const Tensor t = nn::init::sparse_(empty({6, 3}), 0.5, 1, own);
  const Generator normals(31);
  const Tensor expected = empty({6, 3}).normal_(0, 1, normals);
  manual_seed(8);
  for (std::int64_t column = 0; column < 3; ++column) {
    const Tensor order = randperm(6);
    for (std::int64_t i = 0; i < 3; ++i) expected[order[i].item<std::int64_t>()][column].fill_(0);
  }
  EXPECT_EQ(bytes_of(t), bytes_of(expected));
  EXPECT_EQ(bytes_of(own.get_state()), bytes_of(normals.get_state()));
}

TEST(RandomGenerator, WhatDrawsNothingLeavesItWhereItWas) {
  const Generator g(5);
  const std::string before = bytes_of(g.get_state());
  static_cast<void>(rand({0, 3}, g));
  static_cast<void>(randn({0}, g));
  static_cast<void>(randperm(0, g));
  static_cast<void>(randperm(1, g));
  static_cast<void>(rand({4}, g, kMeta));
  empty(0).exponential_(1, g);
  trunc_normal_fill(empty(0), 0, 1, -1, 1, g);
  EXPECT_EQ(bytes_of(g.get_state()), before);
}

TEST(RandomGenerator, ACloneDrawsTheSame) {
  const Generator g(5);
  static_cast<void>(randn(7, g));  // a normal is kept
  const Generator fork = g.clone();
  EXPECT_EQ(bytes_of(randn(9, fork)), bytes_of(randn(9, g)));
  EXPECT_EQ(bytes_of(randn(40, fork)), bytes_of(randn(40, g)));
}

TEST(RandomGenerator, ThreadsWithTheirOwnDrawWhatTheyWouldAlone) {
  std::vector<std::string> drawn(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < drawn.size(); ++t) {
    threads.emplace_back([&drawn, t] {
      const Generator own(t);
      for (int i = 0; i < 20; ++i) {
        drawn[t] += bytes_of(randn(1000, own));
        drawn[t] += bytes_of(randperm(100, own));
        drawn[t] += bytes_of(empty(3).normal_(0, 1, own));
      }
    });
  }
  for (auto& t : threads) t.join();
  for (std::size_t t = 0; t < drawn.size(); ++t) {
    const Generator own(t);
    std::string expected;
    for (int i = 0; i < 20; ++i) {
      expected += bytes_of(randn(1000, own));
      expected += bytes_of(randperm(100, own));
      expected += bytes_of(empty(3).normal_(0, 1, own));
    }
    EXPECT_TRUE(drawn[t] == expected) << "thread " << t;
  }
}

}  // namespace
}  // namespace ballast
