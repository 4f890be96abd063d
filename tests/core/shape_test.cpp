// Shape arithmetic: overflow, broadcasting, dimensions counted backwards, what a view needs of its storage.
#include "ballast/core/shape.h"

#include <limits>
#include <random>
#include <set>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/core/error.h"

namespace ballast {
namespace {

using testing::text_of;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(DimsTest, HoldAnyNumberOfDimensions) {
  for (std::size_t n = 0; n < 20; ++n) {
    std::vector<std::int64_t> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<std::int64_t>(i * i);
    Dims d{IntArrayRef(values)};
    EXPECT_EQ(d.ref(), IntArrayRef(values));
    Dims copy = d;
    EXPECT_EQ(copy, d);
    copy.push_back(7);
    EXPECT_EQ(copy.size(), n + 1);
    EXPECT_EQ(copy.back(), 7);
    EXPECT_EQ(d.size(), n) << "copies are independent";
    copy.insert(0, -1);
    EXPECT_EQ(copy[0], -1);
    copy.erase(0);
    copy.erase(n);
    EXPECT_EQ(copy, d);
    const Dims moved = std::move(copy);
    EXPECT_EQ(moved, d);
    copy = moved;
    EXPECT_EQ(copy, d) << "a moved-from value can be assigned to";
    const Dims& self = copy;
    copy = self;
    EXPECT_EQ(copy, d);
  }
}

TEST(DimsTest, FillWithOneValue) { EXPECT_EQ(Dims(7, 3).ref(), IntArrayRef({3, 3, 3, 3, 3, 3, 3})); }

TEST(ShapeTest, CountsElements) {
  EXPECT_EQ(numel_of({}), 1);
  EXPECT_EQ(numel_of({2, 3, 4}), 24);
  EXPECT_EQ(numel_of({2, 0, 4}), 0);
  EXPECT_EQ(numel_of({kMax}), kMax);
}

TEST(ShapeTest, RefusesCountsBeyond64Bits) {
  EXPECT_THROW((void)numel_of({kMax, 2}), ShapeError);
  EXPECT_THROW((void)numel_of({std::int64_t{1} << 32, std::int64_t{1} << 31}), ShapeError);
  EXPECT_THROW((void)numel_of({0, kMax, 2}), ShapeError) << "a zero does not hide the others";
  EXPECT_THROW((void)numel_of({kMax, 2, 0}), ShapeError);
  EXPECT_THROW((void)contiguous_strides({2, kMax, kMax}), ShapeError);
  EXPECT_EQ(text_of<ShapeError>([] {
              (void)numel_of({2, -1});
            }),
            "Trying to create tensor with negative dimension -1: [2, -1]");
}

TEST(ShapeTest, ChecksProductsAndSums) {
  EXPECT_EQ(checked_mul(3, -4), -12);
  EXPECT_EQ(checked_mul(kMax, 1), kMax);
  EXPECT_FALSE(checked_mul(kMax, 2).has_value());
  EXPECT_FALSE(checked_mul(std::numeric_limits<std::int64_t>::min(), -1).has_value());
  EXPECT_EQ(checked_add(kMax, -1), kMax - 1);
  EXPECT_FALSE(checked_add(kMax, 1).has_value());
}

TEST(ShapeTest, StridesAreRowMajorAndAZeroCountsAsOne) {
  EXPECT_EQ(contiguous_strides({2, 3, 4}).ref(), IntArrayRef({12, 4, 1}));
  EXPECT_EQ(contiguous_strides({2, 0, 4}).ref(), IntArrayRef({4, 4, 1}));
  EXPECT_TRUE(contiguous_strides({}).empty());
}

TEST(ShapeTest, ContiguousMeansRowMajorWhereItMatters) {
  EXPECT_TRUE(is_contiguous({}, {}));
  EXPECT_TRUE(is_contiguous({2, 3}, {3, 1}));
  EXPECT_FALSE(is_contiguous({2, 3}, {1, 2}));
  EXPECT_TRUE(is_contiguous({1, 3}, {99, 1})) << "a size of 1 has no stride";
  EXPECT_TRUE(is_contiguous({0, 3}, {7, 7})) << "nor has an empty tensor";
  EXPECT_FALSE(is_contiguous({4}, {0}));
}

TEST(ShapeTest, DenseMeansNoHolesAndNoRepeatsInAnyOrder) {
  EXPECT_TRUE(is_non_overlapping_and_dense({2, 3}, {1, 2}));
  EXPECT_TRUE(is_non_overlapping_and_dense({2, 1, 3}, {1, 50, 2}));
  EXPECT_TRUE(is_non_overlapping_and_dense({2, 3, 4, 5}, {1, 2, 30, 6}));
  EXPECT_FALSE(is_non_overlapping_and_dense({2, 3}, {3, 2}));
  EXPECT_FALSE(is_non_overlapping_and_dense({2, 3}, {0, 1}));
  EXPECT_FALSE(is_non_overlapping_and_dense({2, 2}, {1, 1}));
}

TEST(ShapeTest, ExtentIsOnePastTheLastElement) {
  EXPECT_EQ(storage_extent({}, {}, 0), 1);
  EXPECT_EQ(storage_extent({}, {}, 5), 6);
  EXPECT_EQ(storage_extent({2, 3}, {3, 1}, 0), 6);
  EXPECT_EQ(storage_extent({2, 3}, {10, 2}, 4), 4 + 10 + 4 + 1);
  EXPECT_EQ(storage_extent({1000}, {0}, 2), 3);
  EXPECT_EQ(storage_extent({0, 3}, {3, 1}, 9), 0) << "an empty view needs nothing, wherever it stands";
}

TEST(ShapeTest, ThereIsNoExtentForNonsense) {
  EXPECT_FALSE(storage_extent({2}, {1}, -1).has_value());
  EXPECT_FALSE(storage_extent({-2}, {1}, 0).has_value());
  EXPECT_FALSE(storage_extent({2}, {-1}, 0).has_value());
  EXPECT_FALSE(storage_extent({2}, {1, 1}, 0).has_value());
  EXPECT_FALSE(storage_extent({kMax}, {2}, 0).has_value());
  EXPECT_FALSE(storage_extent({kMax}, {1}, 1).has_value());
  EXPECT_FALSE(storage_extent({2}, {1}, kMax - 1).has_value());
  EXPECT_FALSE(storage_extent({0, kMax}, {1, kMax}, 0).has_value());
}

TEST(ShapeTest, ExtentEqualsTheSlowTwin) {
  std::mt19937 random(11);
  for (int round = 0; round < 1000; ++round) {
    Dims sizes(random() % 5);
    Dims strides(sizes.size());
    for (auto& n : sizes) n = 1 + static_cast<std::int64_t>(random() % 4);
    for (auto& s : strides) s = static_cast<std::int64_t>(random() % 9);
    const auto offset = static_cast<std::int64_t>(random() % 3);
    std::set<std::int64_t> reached;
    for (std::int64_t i = 0; i < numel_of(sizes); ++i) {
      std::int64_t at = offset;
      std::int64_t rest = i;
      for (std::size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) at += rest % sizes[d] * strides[d];
      reached.insert(at);
    }
    EXPECT_EQ(storage_extent(sizes, strides, offset), *reached.rbegin() + 1);
    const bool dense = static_cast<std::int64_t>(reached.size()) == numel_of(sizes) &&
                       *reached.rbegin() - *reached.begin() + 1 == numel_of(sizes);
    EXPECT_EQ(is_non_overlapping_and_dense(sizes, strides), dense)
        << shape_text(sizes) << " strides " << shape_text(strides);
  }
}

TEST(ShapeTest, DimensionsCountFromEitherEnd) {
  EXPECT_EQ(wrap_dim(0, 3), 0);
  EXPECT_EQ(wrap_dim(-1, 3), 2);
  EXPECT_EQ(wrap_dim(-3, 3), 0);
  EXPECT_EQ(wrap_dim(-1, 0), 0) << "a rank of 0 counts as 1";
  EXPECT_EQ(text_of<IndexError>([] { (void)wrap_dim(3, 3); }),
            "Dimension out of range (expected to be in range of [-3, 2], but got 3)");
  EXPECT_EQ(text_of<IndexError>([] { (void)wrap_dim(-4, 3); }),
            "Dimension out of range (expected to be in range of [-3, 2], but got -4)");
  EXPECT_EQ(text_of<IndexError>([] { (void)wrap_dim(1, 0); }),
            "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  EXPECT_THROW((void)wrap_dim(std::numeric_limits<std::int64_t>::min(), 3), IndexError);
}

TEST(ShapeTest, BroadcastsFromTheRight) {
  struct Case {
    std::vector<std::int64_t> a, b, expected;
  };
  const Case cases[] = {{{}, {}, {}},
                        {{2, 3}, {}, {2, 3}},
                        {{2, 3}, {3}, {2, 3}},
                        {{2, 1}, {1, 3}, {2, 3}},
                        {{5, 1, 4}, {3, 1}, {5, 3, 4}},
                        {{0}, {1}, {0}},
                        {{2, 0}, {1}, {2, 0}},
                        {{1, 1, 1, 1, 1, 1, 2}, {3, 1}, {1, 1, 1, 1, 1, 3, 2}}};
  for (const Case& c : cases) {
    EXPECT_EQ(broadcast_shapes(c.a, c.b).ref(), IntArrayRef(c.expected));
    EXPECT_EQ(broadcast_shapes(c.b, c.a).ref(), IntArrayRef(c.expected));
  }
  EXPECT_EQ(text_of<ShapeError>([] {
              (void)broadcast_shapes({2, 3}, {4});
            }),
            "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1");
  EXPECT_EQ(text_of<ShapeError>([] { (void)broadcast_shapes({0}, {2}); }),
            "The size of tensor a (0) must match the size of tensor b (2) at non-singleton dimension 0");
}

TEST(ShapeTest, ShowsShapesInBrackets) {
  EXPECT_EQ(shape_text({}), "[]");
  EXPECT_EQ(shape_text({2}), "[2]");
  EXPECT_EQ(shape_text({2, 3}), "[2, 3]");
}

}  // namespace
}  // namespace ballast
