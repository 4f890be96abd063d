// Histograms, quantiles, norms of channels and singular values against slow loops and known answers.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "tests/inspect/samples.h"
#include <gtest/gtest.h>

#include "ballast/inspect/statistics.h"

namespace ballast {
namespace {

using namespace testing;

constexpr double kInf = std::numeric_limits<double>::infinity();

std::vector<double> finite_values(const Tensor& t) {
  std::vector<double> values = values_of(t);
  std::erase_if(values, [](double x) { return !std::isfinite(x); });
  return values;
}

TEST(Histogram, CountsEachValueInTheBinWhoseEdgesHoldIt) {
  std::mt19937_64 random(11);
  int cases = 0;
  for (const DType dtype : all_dtypes()) {
    for (const bool bits : {false, true}) {
      const Tensor matrix = bits ? random_bits(random, dtype, {123, 77}) : weights(random, dtype, {123, 77});
      for (const Layout& layout : layouts()) {
        for (const std::int64_t bins : {1, 7, 64}) {
          const Tensor t = layout.view(matrix);
          const auto s = inspect::statistics(t, {.histogram_bins = bins});
          const std::vector<double> values = finite_values(t);
          if (values.empty()) {
            EXPECT_TRUE(s.histogram.empty());
            continue;
          }
          const auto& edges = s.histogram_edges;
          ASSERT_EQ(edges.size(), static_cast<std::size_t>(bins) + 1);
          EXPECT_TRUE(std::is_sorted(edges.begin(), edges.end()));
          if (s.min < s.max) {
            EXPECT_EQ(edges.front(), s.min);
            EXPECT_EQ(edges.back(), s.max);
          }
          std::vector<std::int64_t> wanted(static_cast<std::size_t>(bins));
          for (const double x : values) {
            std::size_t bin = 0;
            while (bin + 1 < wanted.size() && x >= edges[bin + 1]) ++bin;
            ++wanted[bin];
          }
          EXPECT_EQ(s.histogram, wanted) << dtype_name(dtype) << ' ' << layout.name << ' ' << bins;
          ++cases;
        }
      }
    }
  }
  std::printf("%d cases\n", cases);
}

TEST(Histogram, OfOneValueAndOfTheWholeRangeOfDoubles) {
  const auto one = inspect::statistics(vector_of({3, 3, 3}), {.histogram_bins = 4});
  EXPECT_EQ(one.histogram_edges, (std::vector<double>{2.5, 2.75, 3, 3.25, 3.5}));
  EXPECT_EQ(one.histogram, (std::vector<std::int64_t>{0, 0, 3, 0}));
  const double most = std::numeric_limits<double>::max();
  const auto wide = inspect::statistics(vector_of({-most, 0, most}, kFloat64), {.histogram_bins = 2});
  EXPECT_EQ(wide.histogram, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(wide.histogram_edges, (std::vector<double>{-most, 0, most}));
}

/// Of sorted values.
double slow_quantile(const std::vector<double>& values, double q) {
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double share = place - std::floor(place);
  return values[below] * (1 - share) + values[above] * share;
}

void expect_quantiles(const Tensor& t, const std::vector<double>& wanted, const std::string& where) {
  const auto s = inspect::statistics(t, {.quantiles = wanted});
  std::vector<double> values = finite_values(t);
  std::sort(values.begin(), values.end());
  ASSERT_EQ(s.quantiles.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (values.empty()) {
      EXPECT_TRUE(std::isnan(s.quantiles[i]));
      continue;
    }
    const double slow = slow_quantile(values, wanted[i]);
    // Both are the same two values, weighed in another order.
    EXPECT_NEAR(s.quantiles[i], slow, 1e-14 * std::max(std::fabs(s.abs_max), 1e-300))
        << where << ' ' << wanted[i];
  }
}

TEST(Quantiles, AreThoseOfTheSortedValues) {
  std::mt19937_64 random(12);
  int cases = 0;
  const std::vector<double> wanted{0.5, 0, 1, 0.25, 0.01, 0.999, 0.5};
  for (const DType dtype : all_dtypes()) {
    for (const bool bits : {false, true}) {
      const Tensor matrix = bits ? random_bits(random, dtype, {123, 77}) : weights(random, dtype, {123, 77});
      for (const Layout& layout : layouts()) {
        expect_quantiles(layout.view(matrix), wanted, std::string(dtype_name(dtype)) + ' ' + layout.name);
        ++cases;
      }
    }
  }
  std::printf("%d cases\n", cases);
}

TEST(Quantiles, AreExactOfManyValuesToo) {
  std::mt19937_64 random(13);
  std::vector<double> wanted;
  for (int i = 0; i <= 20; ++i) wanted.push_back(i / 20.0);
  for (const DType dtype : {kFloat32, kFloat64, kInt64, kBFloat16, kComplex64}) {
    const Tensor t = weights(random, dtype, {1100, 1000});  // more than are collected
    expect_quantiles(t, wanted, std::string(dtype_name(dtype)));
  }
  expect_quantiles(random_bits(random, kFloat32, {1100, 1000}), wanted, "random bits");
  // So many that begin with the same bits that they are counted to the last one.
  for (const DType dtype : {kFloat32, kFloat64}) {
    const Tensor t = weights(random, dtype, {1700, 1000});
    const auto crowd = [&](auto* p) {
      for (std::int64_t i = 0; i < t.numel(); ++i) p[i] = i % 9 == 0 ? p[i] : 1 + p[i] * 0x1p-18F;
    };
    dtype == kFloat32 ? crowd(t.data_ptr<float>()) : crowd(t.data_ptr<double>());
    expect_quantiles(t, wanted, "a crowd");
  }
}

TEST(Channels, HaveTheNormOfTheirOwnElements) {
  std::mt19937_64 random(14);
  int cases = 0;
  for (const DType dtype : all_dtypes()) {
    for (const bool bits : {false, true}) {
      const Tensor matrix = bits ? random_bits(random, dtype, {30, 601}) : weights(random, dtype, {30, 601});
      for (const Layout& layout : layouts()) {
        const Tensor t = layout.view(matrix);
        for (std::int64_t dim = 0; dim < t.dim(); ++dim) {
          const auto s = inspect::statistics(t, {.channel_dim = dim});
          ASSERT_TRUE(s.channels);
          const auto channels = static_cast<std::size_t>(t.size(dim));
          ASSERT_EQ(s.channels->l2.size(), channels);
          std::vector<long double> squares(channels);
          std::vector<double> largest(channels);
          const std::vector<double> values = values_of(t);
          std::int64_t inner = is_complex(dtype) ? 2 : 1;
          for (std::int64_t d = dim + 1; d < t.dim(); ++d) inner *= t.size(d);
          for (std::size_t i = 0; i < values.size(); ++i) {
            const std::size_t c = i / static_cast<std::size_t>(inner) % channels;
            const bool finite = std::isfinite(values[i]);
            if (finite) squares[c] += static_cast<long double>(values[i]) * values[i];
            largest[c] = std::max(largest[c], finite ? std::fabs(values[i]) : kInf);
          }
          for (std::size_t c = 0; c < channels; ++c) {
            EXPECT_EQ(s.channels->abs_max[c], largest[c]);
            const auto norm = static_cast<double>(std::sqrt(squares[c]));
            if (norm < 1e154 && norm > 1e-150) {
              EXPECT_NEAR(s.channels->l2[c], norm, 1e-11 * norm);
            }
          }
          ++cases;
        }
      }
    }
  }
  std::printf("%d cases\n", cases);
}

TEST(Channels, AreLeftOutOfTensorsWithoutTheDimension) {
  const auto all = inspect::statistics(
      std::vector<Tensor>{vector_of({3, -4}), tensor_of({1, 2, 3, 4}, kFloat32, {2, 2})}, {.channel_dim = 1});
  EXPECT_FALSE(all[0].channels);
  ASSERT_TRUE(all[1].channels);
  EXPECT_EQ(all[1].channels->l2, (std::vector<double>{std::sqrt(10.0), std::sqrt(20.0)}));
}

TEST(Spectrum, OfMatricesWhoseSingularValuesAreKnown) {
  const auto of = [](const Tensor& t) { return inspect::statistics(t, {.spectrum = true}).spectrum; };
  const auto diagonal = of(tensor_of({0, 3, 0, 0, 0, -4, 0, 0, 0, 0, 0, 1}, kFloat32, {3, 4}));
  // Rows (0 3 0 0), (0 -4 0 0), (0 0 0 1): the first two are parallel.
  ASSERT_TRUE(diagonal);
  ASSERT_EQ(diagonal->singular_values.size(), 3);
  EXPECT_NEAR(diagonal->singular_values[0], 5, 1e-12);
  EXPECT_NEAR(diagonal->singular_values[1], 1, 1e-12);
  EXPECT_NEAR(diagonal->singular_values[2], 0, 1e-12);
  EXPECT_NEAR(diagonal->stable_rank, 26.0 / 25, 1e-12);
  EXPECT_GT(diagonal->condition, 1e12);

  std::vector<double> identity(16 * 16);
  for (std::size_t i = 0; i < 16; ++i) identity[i * 17] = 2;
  const auto equal = of(tensor_of(identity, kFloat64, {16, 4, 4}));
  ASSERT_TRUE(equal);
  EXPECT_NEAR(equal->effective_rank, 16, 1e-10);
  EXPECT_NEAR(equal->condition, 1, 1e-12);

  const auto vector = of(vector_of({3, 4}));
  ASSERT_TRUE(vector);
  EXPECT_NEAR(vector->singular_values[0], 5, 1e-12);
  EXPECT_NEAR(vector->effective_rank, 1, 1e-12);

  const auto zeros = of(tensor_of(std::vector<double>(6), kFloat32, {2, 3}));
  ASSERT_TRUE(zeros);
  EXPECT_EQ(zeros->effective_rank, 0);
  EXPECT_EQ(zeros->condition, kInf);
}

TEST(Spectrum, KeepsWhatRotationsKeep) {
  // The sum of squares, for any matrix; and the product of a square one's is its determinant (here of a triangle).
  std::mt19937_64 random(15);
  const Tensor t = weights(random, kFloat32, {40, 90});
  const auto s = inspect::statistics(t, {.spectrum = true});
  ASSERT_TRUE(s.spectrum);
  double squares = 0;
  for (const double x : s.spectrum->singular_values) squares += x * x;
  EXPECT_NEAR(squares, s.l2 * s.l2, 1e-10 * squares);
  const auto turned = inspect::statistics(t.alias({90, 40}, {1, 90}, 0), {.spectrum = true});
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_NEAR(turned.spectrum->singular_values[i], s.spectrum->singular_values[i], 1e-11 * s.l2);
  }
  std::vector<double> triangle(20 * 20);
  double logarithm = 0;
  std::uniform_real_distribution<double> entry(0.5, 2);
  for (std::size_t r = 0; r < 20; ++r) {
    for (std::size_t c = 0; c <= r; ++c) triangle[r * 20 + c] = entry(random);
    logarithm += std::log(triangle[r * 21]);
  }
  const auto square = inspect::statistics(tensor_of(triangle, kFloat64, {20, 20}), {.spectrum = true});
  double sum = 0;
  for (const double x : square.spectrum->singular_values) sum += std::log(x);
  EXPECT_NEAR(sum, logarithm, 1e-8);
}

TEST(Spectrum, IsLeftOutWhereItWouldTakeTooLongOrMeanNothing) {
  const auto has = [](const Tensor& t) {
    return inspect::statistics(t, {.spectrum = true}).spectrum.has_value();
  };
  const Tensor large = empty({513, 600}, TensorOptions(kFloat32));
  std::fill_n(large.data_ptr<float>(), large.numel(), 1.0F);
  EXPECT_GT(513.0 * 513 * 600, inspect::kSpectrumWork);
  EXPECT_FALSE(has(large));
  EXPECT_FALSE(has(vector_of({1, kInf})));
  EXPECT_FALSE(has(tensor_of({1}, kFloat32, {})));
  EXPECT_FALSE(has(weights(*std::make_unique<std::mt19937_64>(1), kComplex64, {2, 2})));
  EXPECT_TRUE(has(vector_of({1, 2})));
}

}  // namespace
}  // namespace ballast
