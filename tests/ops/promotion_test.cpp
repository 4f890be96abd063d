#include "ballast/ops/promotion.h"

#include "tests/ops/op_cases.h"
#include <gtest/gtest.h>

#include "ballast/ops/factories.h"

namespace ballast {
namespace {

TEST(Promotion, EqualsPyTorchForEveryPairOfTypes) { testing::run_op_cases("promotion"); }

TEST(Promotion, NumbersAndTensorsWithoutDimensionsLiftOnlyTheCategory) {
  const Tensor ints = zeros({2}, kInt32);
  const Tensor floats = zeros({2});
  EXPECT_EQ(result_type(ints, Scalar(1.5)), kFloat32);
  EXPECT_EQ(result_type(ints, Scalar(std::int64_t{1} << 40)), kInt32);
  EXPECT_EQ(result_type(floats, zeros({}, kFloat64)), kFloat32);
  EXPECT_EQ(result_type(ints, zeros({}, kFloat64)), kFloat64);
  EXPECT_EQ(result_type(zeros({2}, kFloat64), zeros({})), kFloat64);
  EXPECT_EQ(result_type(zeros({2}, kFloat16), Scalar(std::complex<double>(0, 1))), kComplex32);
  EXPECT_EQ(result_type(zeros({2}, kBool), Scalar(1)), kInt64);
}

}  // namespace
}  // namespace ballast
