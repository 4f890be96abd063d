// The generator: its stream, its seeds, its saved state.
#include "ballast/core/generator.h"

#include <cstring>
#include <functional>
#include <random>
#include <thread>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/core/cpu.h"
#include "ballast/core/error.h"

namespace ballast {
namespace {

using testing::text_of;

using testing::bytes_of;

/// The state of `g` with a value of its own at `offset`.
template <class T>
Tensor state_with(const Generator& g, std::size_t offset, T value) {
  Tensor state = g.get_state();
  std::memcpy(static_cast<std::byte*>(state.data_ptr()) + offset, &value, sizeof value);
  return state;
}

TEST(GeneratorTest, ItsStreamIsMt19937sOfTheLowHalfOfTheSeed) {
  for (const std::uint64_t seed :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{42}, std::uint64_t{0xFFFFFFFF},
        std::uint64_t{1} << 32, (std::uint64_t{7} << 40) + 42, ~std::uint64_t{0}}) {
    const Generator g(seed);
    EXPECT_EQ(g.initial_seed(), seed);
    std::mt19937 twin(static_cast<std::uint32_t>(seed));
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(g.random(), twin()) << "seed " << seed << ", word " << i;
    const std::uint64_t high = twin();
    EXPECT_EQ(g.random64(), high << 32 | twin());
  }
}

TEST(GeneratorTest, BulkDrawsAndSkipsAreThatManySingleDraws) {
  std::mt19937 random(3);
  for (const SimdLevel level : {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512}) {
    set_simd_level(level);
    Mt19937 engine(17);
    std::mt19937 twin(17);
    for (int round = 0; round < 300; ++round) {
      std::vector<std::uint32_t> words(random() % 1500);
      engine.fill(words);
      for (const std::uint32_t w : words) ASSERT_EQ(w, twin());
      const std::uint64_t skipped = random() % 1500;
      engine.discard(skipped);
      twin.discard(skipped);
      ASSERT_EQ(engine(), twin());
    }
  }
  set_simd_level(best_simd_level());
}

TEST(GeneratorTest, NegativeSeedsCountModulo64Bits) {
  EXPECT_EQ(Generator().manual_seed(static_cast<std::uint64_t>(std::int64_t{-1})).initial_seed(),
            ~std::uint64_t{0});
  const Generator g(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(g.initial_seed(), std::uint64_t{1} << 63);
  EXPECT_EQ(g.random(), Generator(0).random()) << "its low half is 0";
}

TEST(GeneratorTest, OneWithoutASeedHasAFixedOne) {
  EXPECT_EQ(Generator().initial_seed(), Generator::kDefaultSeed);
  EXPECT_EQ(Generator().random(), Generator(Generator::kDefaultSeed).random());
}

TEST(GeneratorTest, TheSystemsEntropyGivesOtherSeedsEachTime) {
  const Generator g;
  const std::uint64_t first = g.seed();
  EXPECT_EQ(g.initial_seed(), first);
  EXPECT_EQ(g.random(), Generator(first).random());
  EXPECT_NE(g.seed(), first);
}

TEST(GeneratorTest, IsAHandle) {
  const Generator g(5);
  const Generator same = g;
  EXPECT_TRUE(same.is_same(g));
  const std::uint32_t first = same.random();
  EXPECT_EQ(g.random(), [&] {
    const Generator again(5);
    EXPECT_EQ(again.random(), first);
    return again.random();
  }());
}

TEST(GeneratorTest, ACloneGoesOnByItself) {
  const Generator g(5);
  for (int i = 0; i < 700; ++i) static_cast<void>(g.random());
  g.state().next_double_normal = 1.25;
  const Generator copy = g.clone();
  EXPECT_FALSE(copy.is_same(g));
  EXPECT_EQ(bytes_of(copy.get_state()), bytes_of(g.get_state()));
  const std::uint32_t next = g.random();
  static_cast<void>(g.random());
  EXPECT_EQ(copy.random(), next);
  EXPECT_EQ(copy.state().next_double_normal, 1.25);
}

TEST(GeneratorTest, ASavedStateIsTakenUpAnywhereInTheStream) {
  for (const int before : {0, 1, 2, 622, 623, 624, 625, 1300}) {
    const Generator g(9);
    for (int i = 0; i < before; ++i) static_cast<void>(g.random());
    g.state().next_double_normal = -0.5;
    g.state().next_float_normal = 2.0F;
    const Tensor saved = g.get_state();
    std::vector<std::uint32_t> after;
    for (int i = 0; i < 700; ++i) after.push_back(g.random());
    const Generator other;
    other.set_state(saved);
    EXPECT_EQ(bytes_of(other.get_state()), bytes_of(saved)) << before;
    EXPECT_EQ(other.initial_seed(), 9U);
    EXPECT_EQ(other.state().next_double_normal, -0.5);
    EXPECT_EQ(other.state().next_float_normal, 2.0F);
    for (const std::uint32_t w : after) ASSERT_EQ(other.random(), w) << before;
  }
}

TEST(GeneratorTest, TheRefillWaitsForTheNextWord) {
  const Generator g(1);
  const std::string words = bytes_of(g.get_state()).substr(24, 5000 - 8);
  static_cast<void>(g.random());
  EXPECT_NE(bytes_of(g.get_state()).substr(24, 5000 - 8), words) << "a fresh state is refilled at once";
  const std::string refilled = bytes_of(g.get_state()).substr(24, 5000 - 8);
  for (int i = 1; i < 624; ++i) static_cast<void>(g.random());
  EXPECT_EQ(bytes_of(g.get_state()).substr(24, 5000 - 8), refilled);
  EXPECT_EQ(g.state().engine.left, 1);
  EXPECT_EQ(g.state().engine.next, 624U);
  static_cast<void>(g.random());
  EXPECT_NE(bytes_of(g.get_state()).substr(24, 5000 - 8), refilled);
}

TEST(GeneratorTest, SeedingDropsTheKeptNormals) {
  const Generator g(1);
  g.state().next_double_normal = 1;
  g.state().next_float_normal = 1.0F;
  g.manual_seed(1);
  EXPECT_EQ(bytes_of(g.get_state()), bytes_of(Generator(1).get_state()));
}

TEST(GeneratorTest, StatesThatAreNoneAreRefused) {
  const Generator g(4);
  const std::string before = bytes_of(g.get_state());
  const Tensor good = g.get_state();
  const auto refused = [&](const Tensor& state) {
    std::string text = text_of([&] { g.set_state(state); });
    EXPECT_EQ(bytes_of(g.get_state()), before) << "a refused state changes nothing";
    return text;
  };
  EXPECT_EQ(refused(empty({5056}, kFloat32)), "RNG state must be a torch.ByteTensor");
  EXPECT_EQ(refused(empty({5056}, TensorOptions(kUInt8).device(kMeta))),
            "RNG state must be a torch.ByteTensor");
  EXPECT_EQ(refused(good.alias({10}, {1}, 0)),
            "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 10");
  EXPECT_EQ(refused(empty({10112}, kUInt8).alias({5056}, {2}, 0)), "RNG state must be contiguous");
  constexpr auto kInvalid = "Invalid mt19937 state";
  for (const std::int32_t left : {0, -1, 625, std::numeric_limits<std::int32_t>::max()})
    EXPECT_EQ(refused(state_with(g, 8, left)), kInvalid) << "left " << left;
  EXPECT_EQ(refused(state_with(g, 12, std::int32_t{0})), kInvalid) << "not seeded";
  for (const std::uint64_t next : {std::uint64_t{625}, ~std::uint64_t{0}})
    EXPECT_EQ(refused(state_with(g, 16, next)), kInvalid) << "next " << next;
  const Generator running(4);
  static_cast<void>(running.random());  // left 624, next 1
  EXPECT_EQ(refused(state_with(running, 16, std::uint64_t{2})), kInvalid)
      << "it would read past the last word";
}

TEST(GeneratorTest, WhatAStateDoesNotUseIsIgnoredAndReadBackAsZero) {
  const Generator g(4);
  const std::string plain = bytes_of(g.get_state());
  for (const std::size_t unused : {28, 4804, 5016, 5024, 5032, 5044, 5048, 5053}) {
    g.set_state(state_with(g, unused, std::uint8_t{255}));
    EXPECT_EQ(bytes_of(g.get_state()), plain) << unused;
  }
  g.set_state(state_with(g, 12, std::int32_t{-1}));
  EXPECT_EQ(bytes_of(g.get_state()), plain) << "any seeded flag but 0";
  g.set_state(g.get_state().alias({8, 632}, {632, 1}, 0));
  EXPECT_EQ(bytes_of(g.get_state()), plain) << "of any shape";
}

TEST(GeneratorTest, CountersThatDoNotFitTogetherAreKept) {
  const Generator g(4);
  g.set_state(state_with(g, 8, std::int32_t{624}));  // next is 0: as if no word had been drawn
  EXPECT_EQ(g.state().engine.left, 624);
  EXPECT_EQ(g.random(), Mt19937::temper(Mt19937(4).words[0]));
  EXPECT_EQ(g.state().engine.left, 623);
  EXPECT_EQ(g.state().engine.next, 1U);
}

TEST(GeneratorTest, TheDefaultOneIsShared) {
  manual_seed(77);
  EXPECT_EQ(initial_seed(), 77U);
  EXPECT_EQ(default_generator().random(), Generator(77).random());
  const Tensor saved = get_rng_state();
  const std::uint32_t next = default_generator().random();
  set_rng_state(saved);
  EXPECT_EQ(default_generator().random(), next);
  EXPECT_TRUE(generator_or_default(std::nullopt).is_same(default_generator()));
  const Generator own(1);
  EXPECT_TRUE(generator_or_default(own).is_same(own));
}

TEST(GeneratorTest, ThreadsWithTheirOwnDoNotDisturbEachOther) {
  std::vector<std::vector<std::uint32_t>> words(4);
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&words, t] {
      const Generator own(t);
      for (int i = 0; i < 5000; ++i) words[t].push_back(own.random());
    });
  }
  for (auto& t : threads) t.join();
  for (std::uint32_t t = 0; t < 4; ++t) {
    std::mt19937 twin(t);
    for (const std::uint32_t w : words[t]) ASSERT_EQ(w, twin());
  }
}

TEST(GeneratorTest, ThreadsThatShareOneDrawEachWordOnce) {
  const Generator shared(8);
  std::vector<std::vector<std::uint32_t>> words(4);
  std::vector<std::thread> threads;
  for (auto& mine : words) {
    threads.emplace_back([&shared, &mine] {
      for (int i = 0; i < 5000; ++i) mine.push_back(shared.random());
    });
  }
  for (auto& t : threads) t.join();
  std::vector<std::uint32_t> drawn;
  for (const auto& mine : words) drawn.insert(drawn.end(), mine.begin(), mine.end());
  std::vector<std::uint32_t> expected(drawn.size());
  std::mt19937 twin(8);
  std::generate(expected.begin(), expected.end(), [&] { return twin(); });
  std::sort(drawn.begin(), drawn.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(drawn, expected);
}

}  // namespace
}  // namespace ballast
