#include "ballast/ops/reduction.h"

#include <cmath>
#include <iostream>

#include "tests/ops/op_cases.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/core/warning.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

TEST(Reduction, EqualsPyTorch) { testing::run_op_cases("reduction"); }

TEST(Reduction, AViewGivesWhatItsCopyGives) {
  const Tensor view = testing::scattered({3, 4, 5});
  const Tensor copy = view.contiguous();
  for (std::int64_t d = -3; d < 3; ++d) {
    EXPECT_TRUE(testing::same_values(view.sum(d), copy.sum(d)));
    EXPECT_TRUE(equal(std::get<1>(view.max(d)), std::get<1>(copy.max(d))));
  }
  EXPECT_TRUE(equal(view.argmax(), copy.argmax()));
}

TEST(Reduction, TheErrorOfALongSumDoesNotGrow) {
  const Tensor tenths = full({1'000'000}, 0.1);
  EXPECT_NEAR(tenths.sum().item<double>(), static_cast<double>(0.1f) * 1e6, 0.01);
  const Tensor doubles = full({1'000'001}, 0.1, kFloat64);
  EXPECT_NEAR(doubles.sum().item<double>(), 100000.1, 1e-9);
}

TEST(Reduction, SumsOverEarlierDimensionsAreThoseOfRows) {
  int cases = 0;
  for (const DType dtype : {kFloat32, kFloat64, kFloat16, kInt32, kUInt8, kBool, kComplex64}) {
    for (const Size& sizes :
         {Size{1000, 3}, Size{3, 700, 5}, Size{600, 300}, Size{2, 5, 1, 513, 2}, Size{1, 7, 1}}) {
      const Tensor t = arange(numel_of(sizes)).remainder(7).view(sizes).to(dtype);
      for (std::int64_t d = 0; d < t.dim(); ++d) {
        const Tensor rows = t.transpose(d, -1).contiguous();  // what is summed stands in rows
        EXPECT_TRUE(equal(t.sum(d, true), rows.sum(-1, true).transpose(d, -1)))
            << dtype_name(dtype) << ", " << t.numel() << " elements, dimension " << d;
        ++cases;
      }
      // In between, a 16-bit float would be rounded.
      if (dtype != kFloat16) {
        EXPECT_TRUE(equal(t.sum({0, 1}), t.sum(0).sum(0)));
      }
    }
  }
  EXPECT_NEAR(full({1'000'001, 2}, 0.1, kFloat64).sum(0)[1].item<double>(), 100000.1, 1e-9);
  std::cout << cases << " sums\n";
}

TEST(Reduction, ADimensionCountsOnce) {
  // Whichever way the sum takes: rows, runs in the middle, or a copy.
  const Tensor t = arange(24, kFloat32).reshape({2, 3, 4});
  for (const Tensor& x : {t, t.transpose(0, 2), t.to(kInt64)}) {
    EXPECT_THROWN((void)x.sum({1, 1}), ShapeError, "dim 1 appears multiple times in the list of dims");
    EXPECT_THROWN((void)x.sum({1, -2}), ShapeError, "dim 1 appears multiple times in the list of dims");
    EXPECT_THROWN((void)x.sum({0, 3}), IndexError,
                  "Dimension out of range (expected to be in range of [-3, 2], but got 3)");
  }
}

TEST(Reduction, SumsOverAllDimensionsInTurnAgreeWithTheWhole) {
  const Tensor t = arange(120).view({2, 3, 4, 5});
  EXPECT_TRUE(equal(t.sum({0, 2}).sum(), t.sum()));
  EXPECT_EQ(t.sum({0, 2}, true).shape(), (Size{1, 3, 1, 5}));
  EXPECT_EQ(t.sum({1, -1}).shape(), (Size{2, 4}));
}

TEST(Reduction, MeansOf16BitFloatsDoNotOverflowOnTheWay) {
  EXPECT_EQ(full({4}, 60000, kFloat16).mean().item<float>(), 60000);
  EXPECT_TRUE(std::isinf(full({4}, 60000, kFloat16).sum().item<float>()));
  EXPECT_EQ(tensor({-20000, 20000}, kFloat16).std(false).item<float>(), 20000);
}

TEST(Reduction, WarnsWhereThereAreNoDegreesOfFreedom) {
  std::vector<std::string> heard;
  const WarningHandler outer = set_warning_handler([&](std::string_view text) { heard.emplace_back(text); });
  EXPECT_TRUE(std::isnan(full({1}, 2).to(kFloat32).var().item<float>()));
  EXPECT_TRUE(std::isnan(zeros({0}).std(false).item<float>()));
  EXPECT_EQ(full({1}, 2.0).var(false).item<float>(), 0);
  set_warning_handler(outer);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0],
            "var(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).");
  EXPECT_TRUE(heard[1].starts_with("std(): degrees of freedom is <= 0."));
}

TEST(Reduction, TruthNeedsExactlyOneElement) {
  EXPECT_TRUE(full({1, 1}, 2).is_nonzero());
  EXPECT_FALSE(zeros({}).is_nonzero());
  EXPECT_THROW((void)zeros({2}).is_nonzero(), ShapeError);
  EXPECT_THROW((void)zeros({0}).is_nonzero(), ShapeError);
}

TEST(Equal, IsFalseForShapesAndNanAndTrueAcrossTypes) {
  EXPECT_TRUE(equal(tensor({1, 2}), tensor({1.0, 2.0})));
  EXPECT_FALSE(equal(tensor({1, 2}), tensor({{1, 2}})));
  EXPECT_FALSE(equal(full({1}, NAN), full({1}, NAN)));
  EXPECT_TRUE(allclose(full({1}, NAN), full({1}, NAN), 1e-5, 1e-8, true));
  EXPECT_TRUE(allclose(tensor({1.0}), tensor({1.000001})));
  EXPECT_FALSE(allclose(tensor({1.0}), tensor({1.001})));
  EXPECT_THROW((void)allclose(tensor({1.0}), zeros({1}, kFloat64)), DTypeError);
}

}  // namespace
}  // namespace ballast
