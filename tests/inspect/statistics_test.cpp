// statistics() against slow loops over single elements, for every dtype, layout and kind of value.
#include "ballast/inspect/statistics.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "tests/inspect/samples.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ballast/core/sanitizer.h"

namespace ballast {
namespace {

using inspect::Statistics;
using namespace testing;

constexpr double kInf = std::numeric_limits<double>::infinity();

/// The smallest normal number, from the format's definition.
double smallest_normal(DType dtype) {
  const auto of = [](int exponent) { return std::ldexp(1.0, exponent); };
  switch (to_real_dtype(dtype)) {
    case kFloat64:
      return std::numeric_limits<double>::min();
    case kFloat32:
    case kBFloat16:
      return std::numeric_limits<float>::min();
    case kFloat16:
    case kFloat8_e5m2:
      return of(-14);
    case kFloat8_e4m3fn:
      return of(1 - 7);
    case kFloat8_e5m2fnuz:
      return of(1 - 16);
    case kFloat8_e4m3fnuz:
      return of(1 - 8);
    default:
      return 0;
  }
}

/// Two passes in long double over single elements.
struct Twin {
  std::int64_t count = 0, finite = 0, nans = 0, plus = 0, minus = 0, zeros = 0, negatives = 0, subnormals = 0;
  std::int64_t vanish16 = 0, vanish_b = 0, overflow16 = 0, overflow_b = 0;
  long double mean = 0, squares = 0, l1 = 0, l2_squares = 0;
  double min = kInf, max = -kInf, abs_max = 0;

  explicit Twin(const Tensor& t) {
    const double normal = smallest_normal(t.dtype());
    long double sum = 0;
    const std::vector<double> values = values_of(t);
    for (const double x : values) {
      ++count;
      negatives += x < 0 ? 1 : 0;
      if (std::isnan(x)) ++nans;
      if (x == kInf) ++plus;
      if (x == -kInf) ++minus;
      if (!std::isfinite(x)) continue;
      ++finite;
      zeros += x == 0 ? 1 : 0;
      subnormals += x != 0 && std::fabs(x) < normal ? 1 : 0;
      if (t.dtype() != kFloat64 && t.dtype() != kComplex128) {
        const Half half(static_cast<float>(x));
        const BFloat16 bfloat(static_cast<float>(x));
        vanish16 += x != 0 && static_cast<float>(half) == 0 ? 1 : 0;
        vanish_b += x != 0 && static_cast<float>(bfloat) == 0 ? 1 : 0;
        overflow16 += std::isinf(static_cast<float>(half)) ? 1 : 0;
        overflow_b += std::isinf(static_cast<float>(bfloat)) ? 1 : 0;
      }
      min = std::min(min, x);
      max = std::max(max, x);
      abs_max = std::max(abs_max, std::fabs(x));
      sum += x;
      l1 += std::fabs(x);
      l2_squares += static_cast<long double>(x) * x;
    }
    if (finite > 0) mean = sum / static_cast<long double>(finite);
    for (const double x : values) {
      if (std::isfinite(x)) squares += (x - mean) * (x - mean);
    }
  }
};

/// Bits of every figure, so that two results can be compared as a whole.
std::vector<std::uint64_t> bits_of(const Statistics& s) {
  std::vector<std::uint64_t> out;
  const auto whole = [&](std::int64_t n) { out.push_back(static_cast<std::uint64_t>(n)); };
  const auto real = [&](double x) { out.push_back(std::isnan(x) ? 1 : std::bit_cast<std::uint64_t>(x)); };
  for (const auto n :
       {s.count, s.finite, s.nans, s.plus_infinities, s.minus_infinities, s.zeros, s.negatives, s.subnormals,
        s.vanish_in_float16, s.vanish_in_bfloat16, s.overflow_float16, s.overflow_bfloat16}) {
    whole(n);
  }
  for (const double x : {s.mean, s.std, s.population_std, s.min, s.max, s.abs_max, s.l1, s.l2}) real(x);
  for (const std::int64_t n : s.histogram) whole(n);
  for (const double x : s.histogram_edges) real(x);
  for (const double x : s.quantiles) real(x);
  if (s.channels) {
    for (const double x : s.channels->l2) real(x);
    for (const double x : s.channels->abs_max) real(x);
  }
  return out;
}

/// What the header promises of sums.
constexpr double kSumError = 1e-11;

void expect_near(double found, long double wanted, long double scale, const std::string& what) {
  if (!std::isfinite(static_cast<double>(scale))) return;  // its squares overflow
  EXPECT_LE(std::fabs(found - wanted), kSumError * scale) << what << ": " << found << ", not " << wanted;
}

void expect_like_twin(const Statistics& s, const Tensor& t, const std::string& where) {
  SCOPED_TRACE(where);
  const Twin twin(t);
  EXPECT_EQ(s.count, twin.count);
  EXPECT_EQ(s.finite, twin.finite);
  EXPECT_EQ(s.nans, twin.nans);
  EXPECT_EQ(s.plus_infinities, twin.plus);
  EXPECT_EQ(s.minus_infinities, twin.minus);
  EXPECT_EQ(s.zeros, twin.zeros);
  EXPECT_EQ(s.negatives, twin.negatives);
  EXPECT_EQ(s.subnormals, twin.subnormals);
  if (t.dtype() != kFloat64 && t.dtype() != kComplex128) {
    EXPECT_EQ(s.vanish_in_float16, twin.vanish16);
    EXPECT_EQ(s.vanish_in_bfloat16, twin.vanish_b);
    EXPECT_EQ(s.overflow_float16, twin.overflow16);
    EXPECT_EQ(s.overflow_bfloat16, twin.overflow_b);
  }
  if (twin.finite == 0) {
    for (const double x : {s.mean, s.std, s.population_std, s.min, s.max, s.abs_max})
      EXPECT_TRUE(std::isnan(x));
    EXPECT_EQ(s.l1, 0);
    EXPECT_EQ(s.l2, 0);
    return;
  }
  EXPECT_EQ(s.min, twin.min);
  EXPECT_EQ(s.max, twin.max);
  EXPECT_EQ(s.abs_max, twin.abs_max);
  // Doubles of random bits overflow when they are squared, as the header says.
  if (twin.abs_max > 1e154) return;
  const auto n = static_cast<long double>(twin.finite);
  expect_near(s.mean, twin.mean, twin.l1 / n, "mean");
  expect_near(s.l1, twin.l1, twin.l1, "l1");
  if (twin.abs_max < 1e-150) return;  // squares underflow
  const long double deviation = std::sqrt(twin.squares / n);
  expect_near(s.l2, std::sqrt(twin.l2_squares), std::sqrt(twin.l2_squares), "l2");
  expect_near(s.population_std, deviation, deviation, "population_std");
  if (twin.finite == 1) {
    EXPECT_TRUE(std::isnan(s.std));
  } else {
    const long double sample = std::sqrt(twin.squares / (n - 1));
    expect_near(s.std, sample, sample, "std");
  }
}

TEST(Statistics, EqualsALoopOverSingleElements) {
  std::mt19937_64 random(1);
  int cases = 0;
  for (const DType dtype : all_dtypes()) {
    for (const bool bits : {false, true}) {
      const Tensor matrix = bits ? random_bits(random, dtype, {123, 77}) : weights(random, dtype, {123, 77});
      for (const Layout& layout : layouts()) {
        const Tensor t = layout.view(matrix);
        const std::string where =
            fmt::format("{} {} of {}", dtype_name(dtype), layout.name, bits ? "random bits" : "weights");
        expect_like_twin(inspect::statistics(t), t, where);
        ++cases;
      }
    }
  }
  std::printf("%d cases\n", cases);
}

TEST(Statistics, HasTheSameBitsAtEveryLevelAndWithAnyNumberOfThreads) {
  std::mt19937_64 random(2);
  int cases = 0;
  for (const DType dtype : all_dtypes()) {
    for (const bool bits : {false, true}) {
      // More than one piece, and a last block that is not full.
      const Tensor matrix =
          bits ? random_bits(random, dtype, {111, 671}) : weights(random, dtype, {111, 671});
      for (const Layout& layout : layouts()) {
        const Tensor t = layout.view(matrix);
        const inspect::StatisticsOptions options{
            .histogram_bins = 7, .quantiles = {0.1, 0.5}, .channel_dim = t.dim() > 0 ? t.dim() - 1 : 0};
        std::vector<std::uint64_t> first;
        at_every_level([&](SimdLevel level, int threads) {
          const auto found = bits_of(inspect::statistics(t, options));
          if (first.empty()) first = found;
          EXPECT_EQ(found, first) << dtype_name(dtype) << ' ' << layout.name << " at level "
                                  << static_cast<int>(level) << " with " << threads << " threads";
          ++cases;
        });
      }
    }
  }
  std::printf("%d cases\n", cases);
}

TEST(Statistics, DoNotDependOnTheLayoutOfTheSameElements) {
  std::mt19937_64 random(3);
  const Tensor m = weights(random, kFloat32, {300, 500});
  // The same elements in the same order of memory, with holes between them.
  const Tensor wide = empty({300, 1000}, TensorOptions(kFloat32));
  const Tensor holes = wide.alias({300, 500}, {1000, 2}, 0);
  const auto* const from = m.data_ptr<float>();
  for (std::int64_t r = 0; r < 300; ++r) {
    for (std::int64_t c = 0; c < 500; ++c) holes.data_ptr<float>()[r * 1000 + c * 2] = from[r * 500 + c];
  }
  EXPECT_EQ(bits_of(inspect::statistics(m)), bits_of(inspect::statistics(holes)));
}

TEST(Statistics, KeepTheDeviationOfNumbersFarFromZero) {
  // Sixteen million and one, and so on: squares alone would lose every digit of the deviation.
  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(1e9 + i % 3);
  values[0] = -1e9;  // an outlier where the shift is taken from
  const Tensor t = vector_of(values, kFloat64);
  expect_like_twin(inspect::statistics(t), t, "far from zero");
}

TEST(Statistics, OfNothingAndOfOneValue) {
  const Statistics none = inspect::statistics(empty({0}, TensorOptions(kFloat32)),
                                              {.histogram_bins = 3, .quantiles = {0.5}, .spectrum = true});
  EXPECT_EQ(none.count, 0);
  EXPECT_TRUE(std::isnan(none.mean));
  EXPECT_TRUE(none.histogram.empty());
  ASSERT_EQ(none.quantiles.size(), 1);
  EXPECT_TRUE(std::isnan(none.quantiles[0]));
  EXPECT_FALSE(none.spectrum);
  const Statistics one = inspect::statistics(vector_of({-2}));
  EXPECT_EQ(one.mean, -2);
  EXPECT_EQ(one.population_std, 0);
  EXPECT_TRUE(std::isnan(one.std));
  EXPECT_EQ(one.l2, 2);
}

TEST(Statistics, ZerosHaveNoSignWhereItWouldDependOnTheirOrder) {
  for (const auto& values : {std::vector<double>{0.0, -0.0}, std::vector<double>{-0.0, 0.0}}) {
    const Statistics s = inspect::statistics(vector_of(values), {.quantiles = {0, 1}});
    EXPECT_FALSE(std::signbit(s.min));
    EXPECT_FALSE(std::signbit(s.max));
    EXPECT_FALSE(std::signbit(s.quantiles[0]));
    EXPECT_EQ(s.zeros, 2);
    EXPECT_EQ(s.negatives, 0);
  }
}

TEST(Statistics, CountWhatSmallerTypesWouldLoseToTheLastBit) {
  for (const DType dtype : {kFloat32, kFloat64}) {
    const auto next = [&](double x, double towards) {
      return dtype == kFloat64 ? std::nextafter(x, towards)
                               : std::nextafterf(static_cast<float>(x), static_cast<float>(towards));
    };
    // The last that vanishes or overflows, and its neighbour that does not.
    const double half = 0x1p-25, bfloat = 0x1p-134, half_end = 65520, bfloat_end = 0x1.FFp127;
    const Statistics s =
        inspect::statistics(vector_of({half, -next(half, 1), -bfloat, next(bfloat, 1), half_end,
                                       next(-half_end, 0), bfloat_end, -next(bfloat_end, 0), 0, -0.0},
                                      dtype));
    EXPECT_EQ(s.vanish_in_float16, 3);
    EXPECT_EQ(s.vanish_in_bfloat16, 1);
    EXPECT_EQ(s.overflow_float16, 3);
    EXPECT_EQ(s.overflow_bfloat16, 1);
    EXPECT_EQ(s.zeros, 2);
    EXPECT_EQ(s.negatives, 4);
  }
}

TEST(Statistics, OfAStateDictAreThoseOfEachTensor) {
  std::mt19937_64 random(4);
  StateDict state;
  for (int i = 0; i < 700; ++i) {
    state.insert("t" + std::to_string(i), weights(random, i % 2 == 0 ? kFloat32 : kBFloat16, {i % 13, 11}));
  }
  state.insert("large", weights(random, kFloat32, {500, 400}));
  const inspect::StatisticsOptions options{.histogram_bins = 5, .quantiles = {0.5}, .channel_dim = 0};
  const std::vector<Statistics> all = inspect::statistics(state, options);
  ASSERT_EQ(all.size(), state.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(bits_of(all[i]), bits_of(inspect::statistics(state[i].value(), options))) << state[i].key();
  }
}

TEST(Statistics, TellHowFarTheyAreAndCanBeStopped) {
  const Tensor t = empty({3000, 1000}, TensorOptions(kFloat32));
  std::fill_n(t.data_ptr<float>(), t.numel(), 0.5F);
  for (const std::int64_t bins : {0, 4}) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> calls;
    const auto s = inspect::statistics(std::vector<Tensor>{t, t},
                                       {.histogram_bins = bins, .progress = [&](auto done, auto total) {
                                          calls.emplace_back(done, total);
                                        }});
    ASSERT_GE(calls.size(), 2);
    const std::uint64_t total = (bins > 0 ? 2 : 1) * 2 * static_cast<std::uint64_t>(t.nbytes());
    EXPECT_EQ(calls.front(), std::pair(std::uint64_t{0}, total));
    EXPECT_EQ(calls.back(), std::pair(total, total));
    for (std::size_t i = 1; i < calls.size(); ++i) EXPECT_GE(calls[i].first, calls[i - 1].first);
  }
  struct Stopped {};
  int calls = 0;
  const auto stop = [&](std::uint64_t, std::uint64_t) {
    if (++calls == 2) throw Stopped();
  };
  EXPECT_THROW((void)inspect::statistics(std::vector<Tensor>(40, t), {.progress = stop}), Stopped);
  EXPECT_EQ(calls, 2);
}

TEST(Statistics, RefuseWhatHasNoElementsAndWhatMakesNoSense) {
  EXPECT_THROWN((void)inspect::statistics(Tensor()), Error, "undefined");
  EXPECT_THROWN((void)inspect::statistics(empty({2, 3}, TensorOptions(kFloat32).device(kMeta))), DeviceError,
                "[2, 3] is on meta");
  const Tensor t = vector_of({1, 2});
  EXPECT_THROWN((void)inspect::statistics(t, {.histogram_bins = -1}), ValueError, "-1");
  EXPECT_THROWN((void)inspect::statistics(t, {.quantiles = {1.5}}), ValueError, "1.5");
  EXPECT_THROWN((void)inspect::statistics(t, {.quantiles = {Statistics::kNone}}), ValueError, "nan");
  EXPECT_THROWN((void)inspect::statistics(t, {.channel_dim = 1}), IndexError, "out of range");
}

TEST(Statistics, GivePagesOfMappedStoragesBack) {
  if (kUnderSanitizer) GTEST_SKIP() << "skipped: a sanitizer's memory grows with what is touched";
  constexpr std::int64_t kElements = std::int64_t{1} << 22;
  constexpr std::size_t kBytes = kElements * sizeof(float);
  const int file = ::memfd_create("weights", 0);
  ASSERT_GE(file, 0);
  ASSERT_EQ(::ftruncate(file, kBytes), 0);
  const float one = 1;
  ASSERT_EQ(::pwrite(file, &one, sizeof one, kBytes - sizeof one), static_cast<ssize_t>(sizeof one));
  void* const p = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  ASSERT_NE(p, MAP_FAILED);
  const auto resident = [] {
    std::FILE* const f = std::fopen("/proc/self/statm", "r");
    long size = 0, pages = 0;
    EXPECT_EQ(std::fscanf(f, "%ld %ld", &size, &pages), 2);
    std::fclose(f);
    return pages * ::sysconf(_SC_PAGESIZE);
  };
  {
    const Storage storage = Storage::mapped(static_cast<std::byte*>(p), kBytes, nullptr);
    const Tensor t = tensor_on(storage, kFloat32, {kElements}, {1});
    const long before = resident();
    const Statistics kept = inspect::statistics(t, {.release_pages = true});
    EXPECT_EQ(kept.zeros, kElements - 1);
    EXPECT_LT(resident() - before, static_cast<long>(kBytes / 2));
    const Statistics again = inspect::statistics(t);
    EXPECT_EQ(bits_of(again), bits_of(kept));
    EXPECT_GE(resident() - before, static_cast<long>(kBytes / 2));
  }
  ::munmap(p, kBytes);
  ::close(file);
}

}  // namespace
}  // namespace ballast
