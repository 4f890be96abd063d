// heat_map() against a loop over single elements, for every dtype, layout and size of map.
#include "ballast/inspect/heat_map.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>

#include "tests/inspect/samples.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

namespace ballast {
namespace {

using inspect::HeatCell;
using inspect::HeatMap;
using namespace testing;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The cell at (i, j) of a map, from all values of the matrix.
HeatCell cell_of(const std::vector<double>& values, const HeatMap& map, std::int64_t i, std::int64_t j) {
  HeatCell cell;
  long double sum = 0;
  double min = INFINITY, max = -INFINITY;
  std::int64_t finite = 0;
  for (std::int64_t r = 0; r < map.matrix_rows; ++r) {
    for (std::int64_t c = 0; c < map.matrix_columns; ++c) {
      if (r / map.cell_rows != i || c / map.cell_columns != j) continue;
      const double x = values[static_cast<std::size_t>(r * map.matrix_columns + c)];
      cell.has_nan = cell.has_nan || std::isnan(x);
      cell.has_infinity = cell.has_infinity || std::isinf(x);
      if (!std::isfinite(x)) continue;
      ++finite;
      sum += x;
      min = std::min(min, x);
      max = std::max(max, x);
    }
  }
  if (finite > 0) {
    cell.mean = static_cast<double>(sum / finite);
    cell.min = min;
    cell.max = max;
  }
  return cell;
}

/// Whether two means are the same but for the rounding of sums of values of at most `scale`.
bool near(double a, double b, double scale) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  if (a == b) return true;
  return std::fabs(a - b) <= 1e-12 * scale;
}
bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void expect_twin(const Tensor& t, std::int64_t cells) {
  const HeatMap map = inspect::heat_map(t, {.cells = cells});
  const std::vector<double> values = values_of(t);
  ASSERT_EQ(map.matrix_rows * map.matrix_columns, static_cast<std::int64_t>(values.size()));
  ASSERT_EQ(map.cells.size(), static_cast<std::size_t>(map.rows * map.columns));
  EXPECT_LE(map.rows * map.columns, cells);
  for (std::int64_t i = 0; i < map.rows; ++i) {
    for (std::int64_t j = 0; j < map.columns; ++j) {
      const HeatCell& got = map.cells[static_cast<std::size_t>(i * map.columns + j)];
      const HeatCell want = cell_of(values, map, i, j);
      const double scale = std::max(std::fabs(want.min), std::fabs(want.max));
      EXPECT_TRUE(near(got.mean, want.mean, scale)) << i << ", " << j << ": " << got.mean << " " << want.mean;
      EXPECT_TRUE(same(got.min, want.min)) << i << ", " << j << ": " << got.min << " " << want.min;
      EXPECT_TRUE(same(got.max, want.max)) << i << ", " << j << ": " << got.max << " " << want.max;
      EXPECT_EQ(got.has_nan, want.has_nan) << i << ", " << j;
      EXPECT_EQ(got.has_infinity, want.has_infinity) << i << ", " << j;
    }
  }
}

TEST(HeatMap, CellsAreWhatALoopOverElementsFinds) {
  std::mt19937_64 random(1);
  std::size_t cases = 0;
  for (const DType dtype : all_dtypes()) {
    const Tensor all[] = {weights(random, dtype, {9, 15}), random_bits(random, dtype, {9, 15})};
    for (const Tensor& m : all) {
      for (const Layout& layout : layouts()) {
        for (const std::int64_t cells : {1, 4, 7, 30, 1000}) {
          SCOPED_TRACE(std::string(dtype_name(dtype)) + ", " + layout.name + ", " + std::to_string(cells));
          expect_twin(layout.view(m), cells);
          ++cases;
        }
      }
    }
  }
  std::cout << "[ cases ] " << cases << " maps\n";
}

TEST(HeatMap, CutsAboutSquareAndUsesWhatItMay) {
  struct Case {
    std::int64_t matrix_rows, matrix_columns, cells, rows, columns, cell_rows, cell_columns;
  };
  const Case cases[] = {
      {4096, 11008, 2304, 48, 48, 86, 230},
      {10, 4096, 2304, 10, 228, 1, 18},
      {4096, 10, 2304, 228, 10, 18, 1},
      {1, 1'000'000, 100, 1, 100, 1, 10'000},
      {3, 5, 2304, 3, 5, 1, 1},
      {50, 50, 2304, 25, 25, 2, 2},
      {7, 7, 1, 1, 1, 7, 7},
      {0, 5, 10, 0, 0, 1, 1},
      {5, 0, 10, 0, 0, 1, 1},
  };
  for (const Case& c : cases) {
    const HeatMap map = inspect::heat_map_of_shape(c.matrix_rows, c.matrix_columns, {.cells = c.cells});
    SCOPED_TRACE(std::to_string(c.matrix_rows) + " x " + std::to_string(c.matrix_columns));
    EXPECT_EQ(map.rows, c.rows);
    EXPECT_EQ(map.columns, c.columns);
    EXPECT_EQ(map.cell_rows, c.cell_rows);
    EXPECT_EQ(map.cell_columns, c.cell_columns);
  }
}

TEST(HeatMap, EveryValueIsInExactlyOneCellWhateverTheShape) {
  std::mt19937_64 random(2);
  for (int k = 0; k < 20'000; ++k) {
    const auto size = [&] { return static_cast<std::int64_t>(1 + random() % (1U << (random() % 20))); };
    const std::int64_t rows = size(), columns = size(), cells = size();
    const HeatMap map = inspect::heat_map_of_shape(rows, columns, {.cells = cells});
    ASSERT_LE(map.rows * map.columns, cells);
    ASSERT_GT(map.rows * map.columns, 0);
    ASSERT_LT((map.rows - 1) * map.cell_rows, rows);
    ASSERT_GE(map.rows * map.cell_rows, rows);
    ASSERT_LT((map.columns - 1) * map.cell_columns, columns);
    ASSERT_GE(map.columns * map.cell_columns, columns);
  }
}

TEST(HeatMap, OneLargeValueShowsAndOneNaNDoesNotHideTheRest) {
  std::vector<double> values(100 * 100, 0.0);
  values[37 * 100 + 81] = -40;
  values[5 * 100 + 5] = kNaN;
  values[95 * 100 + 5] = kInf;
  const HeatMap map = inspect::heat_map(tensor_of(values, kFloat32, {100, 100}), {.cells = 100});
  ASSERT_EQ(map.cells.size(), 100u);
  const HeatCell& spike = map.cells[3 * 10 + 8];
  EXPECT_EQ(spike.mean, -0.4);
  EXPECT_EQ(spike.peak(), -40);
  EXPECT_EQ(spike.max, 0);
  const HeatCell& nan = map.cells[0];
  EXPECT_TRUE(nan.has_nan && !nan.has_infinity);
  EXPECT_EQ(nan.mean, 0);
  const HeatCell& infinity = map.cells[90];
  EXPECT_TRUE(infinity.has_infinity && !infinity.has_nan);
  EXPECT_EQ(std::ranges::count_if(map.cells, [](const HeatCell& c) { return c.has_nan || c.has_infinity; }),
            2);
}

TEST(HeatMap, ManyTensorsAtOnceGiveWhatEachGives) {
  std::mt19937_64 random(3);
  std::vector<Tensor> tensors;
  std::vector<std::int64_t> cells;
  // Bands that are cut in several tasks, waves of several tensors, and one tensor in several waves.
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
           {3, 100'000}, {1'000'000}, {700, 900}, {}, {0, 4}, {64, 32, 3, 3}, {9'000'000}, {5}}) {
    std::int64_t n = 1;
    for (const std::int64_t size : sizes) n *= size;
    std::vector<double> values(static_cast<std::size_t>(n));
    for (double& x : values) x = static_cast<double>(static_cast<std::int32_t>(random())) * 0x1p-31;
    tensors.push_back(tensor_of(values, kFloat32, sizes));
    cells.push_back(100);
  }
  cells[5] = 0;
  const auto texts = [&] {
    std::string all;
    for (const HeatMap& map : inspect::heat_maps(tensors, cells)) {
      for (const HeatCell& c : map.cells) {
        for (const double x : {c.mean, c.min, c.max}) all.append(reinterpret_cast<const char*>(&x), sizeof x);
      }
    }
    return all;
  };
  std::string first;
  at_every_level([&](SimdLevel, int) {
    const std::string text = texts();
    if (first.empty()) first = text;
    EXPECT_TRUE(text == first);
  });
  const std::vector<HeatMap> all = inspect::heat_maps(tensors, cells);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (cells[i] == 0) {
      EXPECT_TRUE(all[i].cells.empty());
      continue;
    }
    const HeatMap one = inspect::heat_map(tensors[i], {.cells = cells[i]});
    ASSERT_EQ(all[i].cells.size(), one.cells.size());
    for (std::size_t k = 0; k < one.cells.size(); ++k) EXPECT_EQ(all[i].cells[k].mean, one.cells[k].mean);
  }
  // The waves cover everything: the mean of all cells is that of all values.
  const HeatMap& large = all[6];
  double mean = 0;
  for (const HeatCell& c : large.cells) mean += c.mean / 100;
  double want = 0;
  for (const double x : values_of(tensors[6])) want += x / 9'000'000;
  EXPECT_NEAR(mean, want, 1e-6);
}

TEST(HeatMap, SaysHowFarItIs) {
  std::mt19937_64 random(4);
  const Tensor t = weights(random, kFloat32, {100, 50});
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
  static_cast<void>(inspect::heat_map(
      t, {.progress = [&](std::uint64_t done, std::uint64_t total) { seen.emplace_back(done, total); }}));
  ASSERT_GE(seen.size(), 2u);
  EXPECT_EQ(seen.front(), std::pair(std::uint64_t{0}, std::uint64_t{20'000}));
  EXPECT_EQ(seen.back(), std::pair(std::uint64_t{20'000}, std::uint64_t{20'000}));
}

TEST(HeatMap, RefusesWhatItCannotLookAt) {
  EXPECT_THROWN((void)inspect::heat_map(Tensor()), Error, "undefined");
  EXPECT_THROWN((void)inspect::heat_map(empty({2}, TensorOptions(kFloat32).device(kMeta))), DeviceError,
                "on meta");
  EXPECT_THROWN((void)inspect::heat_map(vector_of({1}), {.cells = 0}), ValueError,
                "expected at least one cell, but got 0");
}

TEST(HeatMap, StaysWithinTheRowsAndColumnsThatWereAskedFor) {
  std::mt19937_64 random(31);
  for (int k = 0; k < 2000; ++k) {
    const auto draw = [&](std::int64_t most) {
      return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
    };
    const std::int64_t rows = draw(3000), columns = draw(3000);
    const inspect::HeatMapOptions options{.cells = draw(4000), .max_rows = draw(40), .max_columns = draw(90)};
    const HeatMap map = inspect::heat_map_of_shape(rows, columns, options);
    EXPECT_LE(map.rows, options.max_rows);
    EXPECT_LE(map.columns, options.max_columns);
    EXPECT_LE(map.rows * map.columns, options.cells);
    EXPECT_GE(map.rows * map.cell_rows, rows);
    EXPECT_LT((map.rows - 1) * map.cell_rows, rows);
    EXPECT_GE(map.columns * map.cell_columns, columns);
    EXPECT_LT((map.columns - 1) * map.cell_columns, columns);
  }
  const HeatMap long_vector = inspect::heat_map_of_shape(1, 100000, {.cells = 2000, .max_columns = 80});
  EXPECT_EQ(long_vector.rows, 1);
  EXPECT_EQ(long_vector.columns, 80);
  EXPECT_EQ(long_vector.cell_columns, 1250);
}

}  // namespace
}  // namespace ballast
