#include "ballast/ops/factories.h"

#include "tests/ops/op_cases.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/ops/arithmetic.h"
#include "ballast/ops/comparison.h"

namespace ballast {
namespace {

using testing::text_of;

TEST(Factories, EqualPyTorch) { testing::run_op_cases("factories"); }

TEST(TensorLiteral, TakesNestedBracesOfAnyDepth) {
  EXPECT_EQ(tensor({{1, 2}, {3, 4}}).shape(), (Size{2, 2}));
  EXPECT_EQ(tensor(3).shape(), (Size{}));
  EXPECT_EQ(tensor({3}).shape(), (Size{1}));
  EXPECT_EQ(tensor({{{3}}}).shape(), (Size{1, 1, 1}));
  EXPECT_EQ(tensor({{{{{{{{{{1}}}}}}}}}}).dim(), 10);
  EXPECT_EQ(tensor({{}, {}}).shape(), (Size{2, 0}));
  EXPECT_EQ(tensor({{{}}, {{}}}).shape(), (Size{2, 1, 0}));
  EXPECT_EQ(tensor({}).shape(), (Size{0}));
  EXPECT_EQ(tensor({{1, 2, 3}, {4, 5, 6}})[1][2].item<int>(), 6);
}

TEST(TensorLiteral, TakesItsTypeFromItsNumbers) {
  EXPECT_EQ(tensor({1, 2}).dtype(), kInt64);
  EXPECT_EQ(tensor({1.0f, 2.0f}).dtype(), kFloat32);
  EXPECT_EQ(tensor({1.0, 2.0}).dtype(), kFloat32);
  EXPECT_EQ(tensor({true, false}).dtype(), kBool);
  EXPECT_EQ(tensor(std::vector<double>{1, 2}).dtype(), kFloat32);
  EXPECT_EQ(tensor(std::vector<std::int32_t>{1, 2}).dtype(), kInt64);
  EXPECT_EQ(tensor({1, 2}, kFloat16).dtype(), kFloat16);
  EXPECT_EQ(tensor(std::complex<float>(1, 2)).dtype(), kComplex64);
}

TEST(TensorLiteral, RefusesUnevenListsAndMixedTypes) {
  EXPECT_EQ(text_of([] {
              (void)tensor({{5, 6}, {7}});
            }),
            "Expected all sub-lists to have sizes: 2 (e.g. {5, 6}), but got sub-list {7} with sizes: 1");
  EXPECT_EQ(text_of([] {
              (void)tensor({{1}, {2.5}});
            }),
            "Expected all elements of the tensor to have the same scalar type: Int, but got element of "
            "scalar type: Double");
}

TEST(Like, KeepsTypeDeviceAndDenseStrides) {
  const Tensor t = empty({2, 3, 4}, kFloat64).permute({2, 0, 1});
  EXPECT_EQ(zeros_like(t).strides(), t.strides());
  EXPECT_EQ(ones_like(t, kInt8).dtype(), kInt8);
  EXPECT_TRUE(zeros_like(empty({2}, kMeta)).is_meta());
  // What is not dense becomes so, in its memory order; what is spread out has none.
  EXPECT_EQ(empty_like(t.slice(1, 0, 2, 2)).strides(), (Dims{1, 24, 4}).ref());
  EXPECT_EQ(empty_like(t.slice(2, 0, 3, 2)).strides(), (Dims{1, 8, 4}).ref());
  EXPECT_EQ(empty_like(empty({2}).expand({3, 2})).strides(), (Dims{2, 1}).ref());
  EXPECT_EQ(empty_like(empty({4, 6}).t().slice(0, 0, 6, 2)).strides(), (Dims{1, 3}).ref());
}

TEST(Like, FillsOfEveryTypeAndLayout) {
  for (int d = 0; d < kDTypeCount; ++d) {
    const auto dtype = static_cast<DType>(d);
    const Tensor t = ones({3, 5, 2}, dtype);
    EXPECT_TRUE((t == 1).all().item<bool>()) << dtype_name(dtype);
    t.slice(1, 0, 5, 2).fill_(dtype == kFloat8_e8m0fnu ? 2 : 0);
    EXPECT_EQ((t == 1).count_nonzero().item<int>(), 12) << dtype_name(dtype);
  }
}

TEST(Fill, LargeFillsReachEveryElement) {
  for (const DType dtype : {kUInt8, kFloat16, kFloat32, kFloat64, kComplex128}) {
    const Tensor t = full({3'000'003}, 0, dtype);
    const Tensor inner = t.slice(0, 1, 3'000'002);
    inner.fill_(3);
    EXPECT_EQ((t == 3).count_nonzero().item<int>(), 3'000'001);
    EXPECT_EQ(t[0].item().toComplexDouble(), 0.0);
    EXPECT_EQ(t[3'000'002].item().toComplexDouble(), 0.0);
  }
}

}  // namespace
}  // namespace ballast
