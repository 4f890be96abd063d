#include "ballast/ops/view.h"

#include <functional>

#include "tests/ops/op_cases.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/ops/comparison.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

using testing::text_of;

TEST(View, ShowsTheSameElements) {
  const Tensor t = arange(24).view({2, 3, 4});
  EXPECT_EQ(t[1][2][3].item<int>(), 23);
  EXPECT_EQ(t.select(2, -1).select(0, 0).select(0, 1).item<int>(), 7);
  EXPECT_TRUE(equal(t.transpose(0, 2).permute({2, 1, 0}), t));
  EXPECT_TRUE(equal(t.slice(1, -2, std::nullopt)[0][0], tensor({4, 5, 6, 7})));
  EXPECT_TRUE(equal(t.slice(2, 1, 100, 2)[0][0], tensor({1, 3})));
  EXPECT_EQ(t.slice(0, 2, 1).shape(), (Size{0, 3, 4}));
  EXPECT_TRUE(equal(t.diagonal(1, 1, 2), tensor({{1, 6, 11}, {13, 18, 23}})));
  EXPECT_TRUE(equal(t[0].diagonal(-1), tensor({4, 9})));
  EXPECT_EQ(t[0].diagonal(10).shape(), (Size{0}));
  EXPECT_EQ(t.flatten(1).shape(), (Size{2, 12}));
  EXPECT_EQ(t.unsqueeze(-1).squeeze().shape(), t.shape());
  EXPECT_EQ(t.view({-1, 6}).shape(), (Size{4, 6}));
  EXPECT_EQ(t.as_strided({2, 2}, {1, 5}, 3)[1][1].item<int>(), 9);
}

TEST(View, OfNothingMayStandBeyondTheStorage) {
  const Tensor corner = arange(6).view({2, 3}).slice(0, 2).slice(1, 1);
  EXPECT_EQ(corner.shape(), (Size{0, 2}));
  EXPECT_EQ(corner.storage_offset(), 7);
  EXPECT_EQ(zeros({3, 0, 5})[2].storage_offset(), 10);
  EXPECT_TRUE(equal(corner.clone().fill_(1), corner));
  EXPECT_EQ(corner.sum().item<int>(), 0);
}

TEST(View, WritingThroughAnyViewWritesTheBase) {
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> views{
      {"select", [](const Tensor& t) { return t.select(1, 1); }},
      {"slice", [](const Tensor& t) { return t.slice(2, 1, 4, 2); }},
      {"narrow", [](const Tensor& t) { return t.narrow(0, 1, 1); }},
      {"transpose", [](const Tensor& t) { return t.transpose(0, 2); }},
      {"permute",
       [](const Tensor& t) {
         return t.permute({1, 2, 0});
       }},
      {"view",
       [](const Tensor& t) {
         return t.view({6, 4});
       }},
      {"reshape",
       [](const Tensor& t) {
         return t.reshape({4, 6});
       }},
      {"flatten", [](const Tensor& t) { return t.flatten(); }},
      {"expand",
       [](const Tensor& t) {
         return t.unsqueeze(0).expand({3, 2, 3, 4});
       }},
      {"squeeze", [](const Tensor& t) { return t.unsqueeze(1).squeeze(); }},
      {"diagonal", [](const Tensor& t) { return t.diagonal(0, 1, 2); }},
      {"as_strided",
       [](const Tensor& t) {
         return t.as_strided({2, 2}, {7, 3}, 2);
       }},
      {"data", [](const Tensor& t) { return t.data(); }},
      {"detach", [](const Tensor& t) { return t.detach(); }},
      {"[][]", [](const Tensor& t) { return t[1][2]; }},
  };
  for (const auto& [name, view] : views) {
    const Tensor base = zeros({2, 3, 4});
    const Tensor v = view(base);
    EXPECT_TRUE(v.storage().is_same(base.storage())) << name;
    v.fill_(1);
    EXPECT_GT(base.count_nonzero().item<int>(), 0) << name;
    base.fill_(5);
    EXPECT_TRUE(v.eq(5).all().item<bool>()) << name;
  }
}

TEST(View, OfComplexNumbersShowsTheirParts) {
  const Tensor z = zeros({2}, kComplex64);
  z.view_as_real().select(1, 1).fill_(2);
  EXPECT_EQ(z[1].item().toComplexDouble(), std::complex<double>(0, 2));
}

TEST(Reshape, CopiesOnlyWhereStridesForceIt) {
  const Tensor t = arange(24).view({2, 3, 4});
  EXPECT_TRUE(t.reshape({4, 6}).storage().is_same(t.storage()));
  EXPECT_TRUE(t.transpose(0, 1).reshape({3, 2, 2, 2}).storage().is_same(t.storage()));
  EXPECT_FALSE(t.transpose(0, 1).reshape({6, 4}).storage().is_same(t.storage()));
  EXPECT_TRUE(equal(t.transpose(0, 1).reshape({6, 4}), t.transpose(0, 1).contiguous().view({6, 4})));
  EXPECT_TRUE(t.slice(1, 0, 2).reshape({2, 8}).storage().is_same(t.storage()));
  EXPECT_FALSE(t.slice(1, 0, 2).reshape({16}).storage().is_same(t.storage()));
  EXPECT_TRUE(full({}, 1).expand({4}).reshape({2, 2}).storage().nbytes() <= 8);
}

TEST(Reshape, EveryViewOfAStridedTensorEqualsThatOfItsCopy) {
  const Tensor t = testing::scattered({4, 6});
  for (const auto& sizes :
       std::vector<std::vector<std::int64_t>>{{24}, {2, 2, 6}, {4, 3, 2}, {1, 4, 1, 6, 1}, {8, 3}, {2, -1}}) {
    EXPECT_TRUE(equal(t.reshape(sizes), t.contiguous().view(sizes)));
  }
}

TEST(View, StridesAreThoseOfPyTorch) {
  const Tensor t = zeros({2, 3});
  EXPECT_EQ(t.unsqueeze(0).strides(), (Dims{6, 3, 1}).ref());
  EXPECT_EQ(t.unsqueeze(2).strides(), (Dims{3, 1, 1}).ref());
  EXPECT_EQ(t.expand({4, 2, 3}).strides(), (Dims{0, 3, 1}).ref());
  EXPECT_EQ(t.expand({1, 2, 3}).strides(), (Dims{6, 3, 1}).ref());
  EXPECT_EQ(t.view({2, 1, 3}).strides(), (Dims{3, 3, 1}).ref());
  EXPECT_EQ(t.view({6, 1}).strides(), (Dims{1, 1}).ref());
  EXPECT_EQ(zeros({0, 3}).view({3, 0}).strides(), (Dims{1, 1}).ref());
  EXPECT_EQ(t.t().view({1, 3, 2}).strides(), (Dims{3, 1, 3}).ref());
}

TEST(View, RefusesInPyTorchsWords) {
  const Tensor x = zeros({2, 3});
  const std::vector<std::pair<std::function<void()>, std::string>> cases{
      {[&] { (void)x.select(0, 5); },
       "select(): index 5 out of range for tensor of size [2, 3] at dimension 0"},
      {[&] { (void)x.select(5, 0); },
       "Dimension out of range (expected to be in range of [-2, 1], but got 5)"},
      {[&] { (void)zeros({}).select(0, 0); }, "select() cannot be applied to a 0-dim tensor."},
      {[&] { (void)x.slice(0, 0, 2, 0); }, "slice step must be positive"},
      {[&] { (void)zeros({}).slice(); }, "slice() cannot be applied to a 0-dim tensor."},
      {[&] { (void)x.narrow(0, 1, 5); }, "start (1) + length (5) exceeds dimension size (2)."},
      {[&] { (void)x.narrow(0, 5, 1); },
       "start out of range (expected to be in range of [-2, 2], but got 5)"},
      {[&] { (void)x.narrow(0, 0, -1); }, "narrow(): length must be non-negative."},
      {[&] {
         (void)zeros({2, 2, 2}).t();
       },
       "t() expects a tensor with <= 2 dimensions, but self is 3D"},
      {[&] {
         (void)x.permute({0, 0});
       },
       "permute(): duplicate dims are not allowed."},
      {[&] { (void)x.view(7); }, "shape '[7]' is invalid for input of size 6"},
      {[&] {
         (void)x.view({-1, -1});
       },
       "only one dimension can be inferred"},
      {[&] {
         (void)x.view({-1, 4});
       },
       "shape '[-1, 4]' is invalid for input of size 6"},
      {[&] {
         (void)x.view({-2, 3});
       },
       "invalid shape dimension -2 at index 0 of shape [-2, 3]"},
      {[&] {
         (void)zeros({0, 3}).view({-1, 0});
       },
       "cannot reshape tensor of 0 elements into shape [-1, 0] because the unspecified dimension size -1 "
       "can be any value and is ambiguous"},
      {[&] { (void)x.t().view(6); },
       "view size is not compatible with input tensor's size and stride (at least one dimension spans "
       "across two contiguous subspaces). Use .reshape(...) instead."},
      {[&] { (void)x.flatten(1, 0); }, "flatten() has invalid args: start_dim cannot come after end_dim"},
      {[&] {
         (void)x.expand({3, 3});
       },
       "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension 0.  "
       "Target sizes: [3, 3].  Tensor sizes: [2, 3]"},
      {[&] { (void)x.expand(3); },
       "expand(torch.FloatTensor{[2, 3]}, size=[3]): the number of sizes provided (1) must be greater or "
       "equal to the number of dimensions in the tensor (2)"},
      {[&] {
         (void)x.expand({-1, 2, 3});
       },
       "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0"},
      {[&] { (void)x.unsqueeze(5); },
       "Dimension out of range (expected to be in range of [-3, 2], but got 5)"},
      {[&] { (void)x.diagonal(0, 0, 0); }, "diagonal dimensions cannot be identical 0, 0"},
      {[&] {
         (void)x.as_strided({2}, {1, 1});
       },
       "mismatch in length of strides and shape"},
      {[&] { (void)x.as_strided(2, -1); },
       "as_strided: Negative strides are not supported at the moment, got strides: [-1]"},
      {[&] { (void)x.view_as_real(); }, "view_as_real is only supported for complex tensors"},
  };
  for (const auto& [call, text] : cases) EXPECT_EQ(text_of(call), text);
  EXPECT_THROW((void)x.as_strided({7}, {1}), ShapeError);
  EXPECT_THROW((void)x.slice(5), IndexError);
}

TEST(View, ExtremeArgumentsDoNotOverflow) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  const Tensor x = zeros({4, 4});
  EXPECT_EQ(x.slice(0, kLeast, kMost, kMost).shape(), (Size{1, 4}));
  EXPECT_EQ(x.slice(0, kMost).shape(), (Size{0, 4}));
  EXPECT_EQ(x.diagonal(kMost).shape(), (Size{0}));
  EXPECT_EQ(x.diagonal(kLeast).shape(), (Size{0}));
  EXPECT_THROW((void)x.select(0, kMost), IndexError);
  EXPECT_THROW((void)x.narrow(0, 1, kMost), ShapeError);
  EXPECT_THROW((void)x.view({kMost, kMost}), ShapeError);
  EXPECT_THROW((void)x.as_strided({kMost, 2}, {kMost, kMost}), ShapeError);
}

}  // namespace
}  // namespace ballast
