#include "ballast/ops/copy.h"

#include <functional>

#include "tests/ops/op_cases.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

using testing::text_of;

using testing::scattered;

TEST(Assignment, ToAVariableRebindsAndToAnExpressionWrites) {
  const Tensor x = zeros({2, 2});
  x[0] = ones({2});
  x[1][1] = 3.5;
  EXPECT_TRUE(equal(x, tensor({{1.0, 1.0}, {0.0, 3.5}})));
  Tensor row = x[0];
  row = zeros({2});
  EXPECT_TRUE(equal(x[0], ones({2})));
  const Tensor y = arange(2);
  x[1] = y;  // converted
  x[0] = full({}, 9);
  EXPECT_TRUE(equal(x, tensor({{9.0, 9.0}, {0.0, 1.0}})));
}

TEST(Copy, BroadcastsAndConverts) {
  const Tensor t = zeros({2, 3}, kInt32);
  t.copy_(tensor({1.9, -1.9, 2.5}));
  EXPECT_TRUE(equal(t, tensor({{1, -1, 2}, {1, -1, 2}})));
  const Tensor s = scattered({3, 4});
  const Tensor u = empty({4, 3}).t();
  EXPECT_TRUE(equal(u.copy_(s), s));
}

TEST(Copy, RefusesWhatCannotBeWritten) {
  EXPECT_EQ(text_of([] {
              zeros({2, 3}).copy_(zeros({3, 2}));
            }),
            "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1");
  EXPECT_EQ(text_of([] {
              zeros({2}).copy_(zeros({3, 2}));
            }),
            "output with shape [2] doesn't match the broadcast shape [3, 2]");
  EXPECT_EQ(text_of([] {
              zeros({2}).expand({3, 2}).copy_(zeros({3, 2}));
            }),
            "unsupported operation: more than one element of the written-to tensor refers to a single "
            "memory location. Please clone() the tensor before performing the operation.");
  EXPECT_EQ(text_of([] { zeros({2}).copy_(zeros({2}, kMeta)); }), "Cannot copy out of meta tensor; no data!");
  EXPECT_EQ(text_of([] { (void)zeros({2}, kMeta).to(kCPU); }), "Cannot copy out of meta tensor; no data!");
}

TEST(Clone, HasMemoryOfItsOwnAndKeepsDenseStrides) {
  const Tensor t = arange(6).view({2, 3}).t();
  const Tensor c = t.clone();
  EXPECT_FALSE(c.storage().is_same(t.storage()));
  EXPECT_EQ(c.strides(), t.strides());
  EXPECT_TRUE(equal(c, t));
  EXPECT_TRUE(clone(scattered({3, 4})).eq(scattered({3, 4})).all().item<bool>());
}

TEST(To, IsTheSameTensorWhereNothingChanges) {
  const Tensor t = zeros({2});
  EXPECT_TRUE(t.to(kFloat32).is_same(t));
  EXPECT_TRUE(t.to(kCPU).is_same(t));
  EXPECT_FALSE(t.to(kFloat32, false, true).is_same(t));
  EXPECT_TRUE(t.contiguous().is_same(t));
  EXPECT_EQ(t.to(kFloat16).to(t).dtype(), kFloat32);
  EXPECT_EQ(t.to(kMeta).to(kInt8).dtype(), kInt8);
  EXPECT_THROW((void)t.to(TensorOptions().requires_grad(true)), ValueError);
}

TEST(Fill, ChecksTheRange) {
  EXPECT_EQ(text_of([] { zeros({2}, kUInt8).fill_(300); }),
            "value cannot be converted to type uint8_t without overflow");
  EXPECT_EQ(text_of([] { zeros({2}, kFloat16).fill_(1e10); }),
            "value cannot be converted to type c10::Half without overflow");
  EXPECT_EQ(text_of([] { zeros({2}).fill_(zeros({2})); }),
            "fill_ only supports 0-dimension value tensor but got tensor with 1 dimensions.");
  EXPECT_EQ(zeros({2}, kUInt8).fill_(-1)[0].item<int>(), 255);
  EXPECT_TRUE(equal(zeros({2}).expand({3, 2}).fill_(1), ones({3, 2})));
  EXPECT_TRUE(equal(scattered({3, 4}).fill_(2), full({3, 4}, 2)));
}

TEST(Repeat, LaysCopiesSideBySide) {
  EXPECT_TRUE(equal(tensor({1, 2}).repeat({2, 2}), tensor({{1, 2, 1, 2}, {1, 2, 1, 2}})));
  EXPECT_TRUE(equal(tensor({{1, 2}, {3, 4}}).t().repeat({1, 2}), tensor({{1, 3, 1, 3}, {2, 4, 2, 4}})));
  EXPECT_EQ(zeros({2, 3}).repeat({0, 1}).shape(), (Size{0, 3}));
  EXPECT_THROW((void)zeros({2, 3}).repeat({2}), ShapeError);
}

TEST(Join, PutsTensorsOneAfterTheOther) {
  const Tensor a = scattered({2, 3});
  const Tensor b = scattered({4, 3});
  const Tensor joined = cat({a, zeros({0}), b});
  EXPECT_EQ(joined.shape(), (Size{6, 3}));
  EXPECT_TRUE(equal(joined.slice(0, 0, 2), a));
  EXPECT_TRUE(equal(joined.slice(0, 2), b));
  EXPECT_EQ(cat({zeros({2}, kInt8), zeros({2}, kFloat16)}).dtype(), kFloat16);
  EXPECT_TRUE(equal(stack({a, a}, -1).select(2, 1), a));
  EXPECT_EQ(text_of([] { (void)cat({}); }), "torch.cat(): expected a non-empty list of Tensors");
  EXPECT_EQ(text_of([] {
              (void)cat({zeros({2, 3}), zeros({3, 2})});
            }),
            "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2 for tensor "
            "number 1 in the list.");
  EXPECT_EQ(text_of([] {
              (void)cat({zeros({2, 3}), zeros({3})});
            }),
            "Tensors must have same number of dimensions: got 2 and 1");
  EXPECT_EQ(text_of([] { (void)cat({zeros({})}); }),
            "zero-dimensional tensor (at position 0) cannot be concatenated");
  EXPECT_EQ(text_of([] {
              (void)stack({zeros({2, 3}), zeros({3, 2})});
            }),
            "stack expects each tensor to be equal size, but got [2, 3] at entry 0 and [3, 2] at entry 1");
}

}  // namespace
}  // namespace ballast
