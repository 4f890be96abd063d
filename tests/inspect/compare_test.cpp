// compare() against slow loops over pairs of single elements, and what it says of names.
#include "ballast/inspect/compare.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include "tests/inspect/samples.h"
#include "tests/inspect/slow_difference.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"

namespace ballast {
namespace {

using inspect::Comparison;
using inspect::Difference;
using namespace testing;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::uint64_t> bits_of(const Difference& d) {
  std::vector<std::uint64_t> out;
  for (const std::int64_t n : {d.count, d.changed, d.outside, d.not_finite}) {
    out.push_back(static_cast<std::uint64_t>(n));
  }
  for (const double x : {d.max_abs, d.rms, d.a_norm, d.difference_norm, d.relative, d.cosine}) {
    out.push_back(std::isnan(x) ? 1 : std::bit_cast<std::uint64_t>(x));
  }
  return out;
}

/// A copy in which some elements are others, a few of them only a little.
Tensor changed(std::mt19937_64& random, const Tensor& t, const Tensor& other) {
  Tensor out = empty(t.sizes(), TensorOptions(t.dtype()));
  const auto each = static_cast<std::size_t>(t.itemsize());
  const auto* const a = static_cast<const std::byte*>(t.data_ptr());
  const auto* const b = static_cast<const std::byte*>(other.data_ptr());
  auto* const to = static_cast<std::byte*>(out.data_ptr());
  for (std::size_t i = 0; i < static_cast<std::size_t>(t.numel()); ++i) {
    std::copy_n((random() % 3 == 0 ? b : a) + i * each, each, to + i * each);
  }
  return out;
}

TEST(Compare, EqualsALoopOverPairsOfSingleElements) {
  std::mt19937_64 random(21);
  int cases = 0;
  const std::vector<inspect::CompareOptions> all_options{
      {}, {.rtol = 0.5, .atol = 0.1, .equal_nan = true}, {.atol = 1}};
  for (const DType dtype : all_dtypes()) {
    for (const bool bits : {false, true}) {
      const auto make = [&] {
        return bits ? random_bits(random, dtype, {123, 77}) : weights(random, dtype, {123, 77});
      };
      const Tensor x = make();
      const Tensor y = changed(random, x, make());
      for (const Layout& layout : layouts()) {
        for (const auto& options : all_options) {
          SCOPED_TRACE(fmt::format("{} {} {}", dtype_name(dtype), layout.name, bits ? "bits" : "weights"));
          const Tensor a = layout.view(x), b = layout.view(y);
          const bool overflows = bits && (to_real_dtype(dtype) == kFloat64);
          expect_equal(inspect::compare(a, b, options), slow_difference(a, b, options), overflows);
          ++cases;
        }
      }
    }
  }
  std::printf("%d cases\n", cases);
}

TEST(Compare, TakesAnyTwoRealTypesAndLayouts) {
  std::mt19937_64 random(22);
  int cases = 0;
  for (const DType from : all_dtypes()) {
    for (const DType to : all_dtypes()) {
      if (is_complex(from) != is_complex(to)) continue;
      const Tensor a = weights(random, from, {37, 41});
      const Tensor b = weights(random, to, {41, 37}).alias({37, 41}, {1, 37}, 0);
      SCOPED_TRACE(fmt::format("{} and {}", dtype_name(from), dtype_name(to)));
      expect_equal(inspect::compare(a, b, {.atol = 0.5}), slow_difference(a, b, {.atol = 0.5}), false);
      ++cases;
    }
  }
  std::printf("%d cases\n", cases);
}

TEST(Compare, HasTheSameBitsAtEveryLevelAndWithAnyNumberOfThreads) {
  std::mt19937_64 random(23);
  for (const DType dtype : all_dtypes()) {
    for (const bool bits : {false, true}) {
      const auto make = [&] {
        return bits ? random_bits(random, dtype, {111, 671}) : weights(random, dtype, {111, 671});
      };
      const Tensor x = make();
      const Tensor y = changed(random, x, make());
      std::vector<std::uint64_t> first;
      at_every_level([&](SimdLevel level, int threads) {
        const auto found = bits_of(inspect::compare(x, y, {.rtol = 0.1}));
        if (first.empty()) first = found;
        EXPECT_EQ(found, first) << dtype_name(dtype) << " at level " << static_cast<int>(level) << " with "
                                << threads << " threads";
      });
    }
  }
}

TEST(Compare, KnowsWhatIsCloseAsNumPyDoes) {
  const auto outside = [](double a, double b, const inspect::CompareOptions& o) {
    return inspect::compare(vector_of({a}, kFloat64), vector_of({b}, kFloat64), o).outside;
  };
  const inspect::CompareOptions usual{.rtol = 0.125, .atol = 0.5};
  EXPECT_EQ(outside(9.5, 8, usual), 0);  // 1.5 <= 0.5 + 0.125 * 8
  EXPECT_EQ(outside(9.6, 8, usual), 1);
  EXPECT_EQ(outside(8, 9.5, usual), 0);  // the tolerance is relative to b
  EXPECT_EQ(outside(0, 0.57, usual), 0);
  EXPECT_EQ(outside(0.57, 0, usual), 1);
  EXPECT_EQ(outside(kInf, kInf, usual), 0);
  EXPECT_EQ(outside(kInf, -kInf, usual), 1);
  EXPECT_EQ(outside(1, kInf, usual), 1);
  EXPECT_EQ(outside(kNan, kNan, usual), 1);
  EXPECT_EQ(outside(kNan, kNan, {.equal_nan = true}), 0);
  EXPECT_EQ(outside(kNan, 1, {.equal_nan = true}), 1);
  EXPECT_EQ(outside(0.0, -0.0, {}), 0);
}

TEST(Compare, OfTensorsInTheSameAndOppositeDirection) {
  const Tensor a = vector_of({1, -2, 3}), opposite = vector_of({-1, 2, -3}), zeros = vector_of({0, 0, 0});
  EXPECT_EQ(inspect::compare(a, a).cosine, 1);
  EXPECT_EQ(inspect::compare(a, a).relative, 0);
  EXPECT_NEAR(inspect::compare(a, opposite).cosine, -1, 1e-15);
  EXPECT_EQ(inspect::compare(a, opposite).relative, 2);
  EXPECT_EQ(inspect::compare(a, zeros).cosine, 0);
  EXPECT_EQ(inspect::compare(a, zeros).relative, 1);
  EXPECT_EQ(inspect::compare(zeros, a).relative, kInf);
  EXPECT_EQ(inspect::compare(zeros, zeros).cosine, 1);
  const Tensor none = empty({0, 3}, TensorOptions(kFloat32));
  EXPECT_EQ(inspect::compare(none, none).changed_share(), 0);
}

StateDict dict(const std::vector<std::pair<std::string, Tensor>>& entries) {
  StateDict s;
  for (const auto& [name, t] : entries) s.insert(name, t);
  return s;
}

TEST(Compare, TellsWhichNamesCameWentAndMoved) {
  std::mt19937_64 random(24);
  const auto make = [&](const std::vector<std::int64_t>& sizes) { return weights(random, kFloat32, sizes); };
  const Tensor kept = make({4, 5}), moved = make({6}), turned = make({2, 6}), gone = make({3});
  const StateDict a = dict({{"kept", kept},
                            {"old.weight", moved},
                            {"flat", turned},
                            {"gone", gone},
                            {"other shape", make({2, 3})},
                            {"half", tensor_of({1, 0.1}, kFloat32, {2})}});
  const StateDict b = dict({{"half", tensor_of({1, 0.1}, kFloat16, {2})},
                            {"kept", kept},
                            {"flat", turned.alias({12}, {1}, 0)},
                            {"new.weight", moved.alias({6}, {1}, 0)},
                            {"other shape", make({3, 2})},
                            {"come", make({3})}});
  const Comparison c = inspect::compare(a, b);
  EXPECT_EQ(c.removed, std::vector<std::string>{"gone"});
  EXPECT_EQ(c.added, std::vector<std::string>{"come"});
  EXPECT_EQ(c.renamed, (std::vector<inspect::Renamed>{{"old.weight", "new.weight"}}));
  ASSERT_EQ(c.reshaped.size(), 2);
  EXPECT_EQ(c.reshaped[0].name, "flat");
  EXPECT_EQ(c.reshaped[0].b_sizes, std::vector<std::int64_t>{12});
  EXPECT_TRUE(c.reshaped[0].same_elements);
  EXPECT_FALSE(c.reshaped[1].same_elements);
  ASSERT_EQ(c.retyped.size(), 1);
  EXPECT_EQ(c.retyped[0].name, "half");
  EXPECT_EQ(c.retyped[0].b_dtype, "float16");
  ASSERT_EQ(c.pairs.size(), 2);
  EXPECT_EQ(c.pairs[0].name, "half");  // 0.1 is not the same in both
  EXPECT_EQ(c.pairs[0].changed, 1);
  EXPECT_FALSE(c.is_close());
  const Comparison without = inspect::compare(a, b, {.find_renamed = false});
  EXPECT_EQ(without.removed, (std::vector<std::string>{"old.weight", "gone"}));
}

TEST(Compare, NamesThatEndAlikeBelongTogether) {
  const Tensor zeros = vector_of({0, 0, 0}), ones = vector_of({1, 1, 1});
  const Comparison c = inspect::compare(
      dict({{"a.bias", zeros}, {"b.shift", zeros}, {"c.scale", ones}}),
      dict({{"module.b.shift", zeros}, {"module.a.bias", zeros}, {"module.c.other", ones}, {"more", zeros}}));
  EXPECT_EQ(c.renamed,
            (std::vector<inspect::Renamed>{
                {"a.bias", "module.a.bias"}, {"b.shift", "module.b.shift"}, {"c.scale", "module.c.other"}}));
  EXPECT_EQ(c.added, std::vector<std::string>{"more"});
  // The same numbers in another type or shape are no renaming.
  const Comparison none =
      inspect::compare(dict({{"a", zeros}}),
                       dict({{"b", vector_of({0, 0, 0}, kFloat64)}, {"c", zeros.alias({3, 1}, {1, 1}, 0)}}));
  EXPECT_TRUE(none.renamed.empty());
}

TEST(Compare, PutsFirstWhatMovedMost) {
  const auto c = inspect::compare(dict({{"same", vector_of({1, 2})},
                                        {"little", vector_of({100, 100})},
                                        {"much", vector_of({1, 1})},
                                        {"broken", vector_of({1, 1})},
                                        {"from zero", vector_of({0, 0})}}),
                                  dict({{"same", vector_of({1, 2})},
                                        {"little", vector_of({101, 100})},
                                        {"much", vector_of({1.5, 1})},
                                        {"broken", vector_of({1, kNan})},
                                        {"from zero", vector_of({0, 1})}}));
  std::vector<std::string> names;
  for (const auto& d : c.pairs) names.push_back(d.name);
  EXPECT_EQ(names, (std::vector<std::string>{"broken", "from zero", "much", "little", "same"}));
  EXPECT_TRUE(inspect::compare(dict({{"x", vector_of({1})}}), dict({{"x", vector_of({1})}})).is_equal());
  const auto near =
      inspect::compare(dict({{"x", vector_of({1})}}), dict({{"x", vector_of({1.25})}}), {.atol = 0.5});
  EXPECT_TRUE(near.is_close());
  EXPECT_FALSE(near.is_equal());
}

TEST(Compare, EqualsABruteForceOneOnRealCheckpoints) {
  int cases = 0;
  for (const char* const file :
       {"real/facenet_pnet.pt", "real/facenet_rnet.pt", "checkpoints/zip/small_resnet.pth",
        "checkpoints/legacy/transformer.pth", "checkpoints/zip/lenet.pth"}) {
    const StateDict a = load(data_path(file)).state_dict();
    std::mt19937_64 random(25);
    StateDict b;
    for (const auto& [name, t] : a)
      b.insert(name, random() % 2 == 0 ? t : weights(random, t.dtype(), t.sizes().vec(), 0.1));
    const Comparison c = inspect::compare(a, b, {.rtol = 0.1});
    EXPECT_EQ(c.pairs.size(), a.size());
    for (const Difference& d : c.pairs) {
      SCOPED_TRACE(std::string(file) + ": " + d.name);
      expect_equal(d, slow_difference(a[d.name], b[d.name], {.rtol = 0.1}), false);
      ++cases;
    }
  }
  std::printf("%d tensors\n", cases);
}

TEST(Compare, CanBeStoppedAndRefusesWhatMakesNoSense) {
  const Tensor t = vector_of({1, 2});
  struct Stopped {};
  EXPECT_THROW((void)inspect::compare(t, t, {.progress = [](auto, auto) { throw Stopped(); }}), Stopped);
  EXPECT_THROWN((void)inspect::compare(t, vector_of({1})), ShapeError, "[2] and [1]");
  EXPECT_THROWN((void)inspect::compare(t, t, {.rtol = -1}), ValueError, "-1");
  EXPECT_THROWN((void)inspect::compare(t, t, {.atol = kNan}), ValueError, "nan");
  EXPECT_THROWN((void)inspect::compare(t, weights(*std::make_unique<std::mt19937_64>(1), kComplex64, {2})),
                DTypeError, "complex64");
  EXPECT_THROWN((void)inspect::compare(dict({{"x", Tensor()}}), dict({})), Error, "undefined");
}

}  // namespace
}  // namespace ballast
