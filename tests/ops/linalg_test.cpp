#include "ballast/ops/linalg.h"

#include <gtest/gtest.h>

#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/matmul.h"
#include "ballast/ops/reduction.h"
#include "ballast/ops/unary.h"

namespace ballast {
namespace {

Tensor wave(IntArrayRef sizes, DType dtype) {
  return sin(arange(numel_of(sizes), kFloat64).mul(12.9898)).reshape(sizes).to(dtype);
}

double largest(const Tensor& t) { return abs(t).max().item<double>(); }

TEST(Qr, FactorsAreOrthonormalAndTriangularAndMultiplyBack) {
  for (const DType dtype : {kFloat32, kFloat64}) {
    const double tolerance = dtype == kFloat32 ? 2e-5 : 1e-13;
    for (const auto& [m, n] : {std::pair{5, 3}, {3, 5}, {4, 4}, {1, 1}, {200, 120}, {120, 200}}) {
      const Tensor a = wave({m, n}, dtype);
      const auto [q, r] = linalg_qr(a);
      const std::int64_t k = std::min(m, n);
      EXPECT_EQ(q.shape(), (Size{m, k}));
      EXPECT_EQ(r.shape(), (Size{k, n}));
      EXPECT_LT(largest(mm(q, r) - a), tolerance);
      EXPECT_LT(largest(mm(q.t(), q) - eye(k, dtype)), tolerance);
      EXPECT_TRUE(equal(r, triu(r)));
    }
  }
}

TEST(Qr, TakesBatchesAndViews) {
  const Tensor a = wave({2, 3, 5, 4}, kFloat64);
  const auto [q, r] = linalg_qr(a.permute({1, 0, 3, 2}));
  EXPECT_EQ(q.shape(), (Size{3, 2, 4, 4}));
  EXPECT_LT(largest(matmul(q, r) - a.permute({1, 0, 3, 2})), 1e-13);
}

TEST(Qr, SignsAreLapacks) {
  const auto [q, r] = linalg_qr(tensor({{3.0, 1.0}, {4.0, 2.0}}));
  EXPECT_NEAR(r[0][0].item<double>(), -5, 1e-6);
  EXPECT_NEAR(q[0][0].item<double>(), -0.6, 1e-6);
}

TEST(Qr, WithTheDiagonalAloneIsTheSame) {
  for (const auto& [m, n] : {std::pair{5, 3}, {3, 5}, {1, 1}, {512, 70}, {70, 512}}) {
    const Tensor a = wave({m, n}, kFloat32);
    const auto [q, r] = linalg_qr(a);
    const auto [same_q, diagonal] = linalg_qr_diagonal(a);
    EXPECT_TRUE(equal(q, same_q)) << m << " x " << n;
    EXPECT_TRUE(equal(r.diagonal(), diagonal)) << m << " x " << n;
  }
  EXPECT_THROW((void)linalg_qr_diagonal(zeros({2, 3, 3})), ShapeError);
}

TEST(Qr, RefusesWhatHasNoFactors) {
  EXPECT_THROW((void)linalg_qr(zeros({3})), ShapeError);
  EXPECT_THROW((void)linalg_qr(zeros({3, 3}, kInt64)), DTypeError);
  EXPECT_EQ(std::get<0>(linalg_qr(zeros({0, 3}))).shape(), (Size{0, 0}));
}

}  // namespace
}  // namespace ballast
