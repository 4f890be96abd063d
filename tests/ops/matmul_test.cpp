#include "ballast/ops/matmul.h"

#include "tests/ops/op_cases.h"
#include <gtest/gtest.h>

#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/reduction.h"

namespace ballast {
namespace {

TEST(Matmul, EqualsPyTorch) { testing::run_op_cases("matmul"); }

/// The definition: sums of products over the middle dimension.
Tensor slow_product(const Tensor& a, const Tensor& b) { return (a.unsqueeze(2) * b.unsqueeze(0)).sum(1); }

TEST(Matmul, EqualsItsDefinitionOnEveryLayout) {
  const Tensor base = arange(400, kFloat32).remainder(7).sub(3);
  const auto layouts = [&](std::int64_t m, std::int64_t n) {
    return std::vector<Tensor>{
        base.slice(0, 0, m * n).view({m, n}),       base.slice(0, 3, 3 + m * n).view({n, m}).t(),
        base.as_strided({m, n}, {2 * n + 3, 2}, 1), base.as_strided({m, n}, {n + 2, 1}, 5),
        base.slice(0, 0, n).expand({m, n}),         base.slice(0, 0, m).unsqueeze(1).expand({m, n})};
  };
  for (const auto& [m, k, n] : {std::tuple{3, 4, 5}, {1, 4, 5}, {3, 1, 5}, {3, 4, 1}, {1, 1, 1}, {7, 8, 6}}) {
    for (const Tensor& a : layouts(m, k)) {
      for (const Tensor& b : layouts(k, n)) {
        EXPECT_TRUE(equal(mm(a, b), slow_product(a, b)));
        EXPECT_TRUE(equal(mm(a.to(kInt64), b.to(kInt64)), slow_product(a, b)));
      }
    }
  }
}

TEST(Matmul, BetaZeroDoesNotReadTheSummand) {
  const Tensor nan = full({2, 2}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(equal(addmm(nan, ones({2, 3}), ones({3, 2}), 0), full({2, 2}, 3.0)));
}

TEST(Matmul, EmptySumsAreZero) {
  EXPECT_TRUE(equal(mm(zeros({2, 0}), zeros({0, 3})), zeros({2, 3})));
  EXPECT_TRUE(equal(addmm(ones({3}), zeros({2, 0}), zeros({0, 3})), ones({2, 3})));
}

}  // namespace
}  // namespace ballast
