#include "tests/ops/op_cases.h"
#include <gtest/gtest.h>

#include "ballast/autograd/grad_mode.h"
#include "ballast/core/parallel.h"
#include "ballast/core/warning.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::run_op_cases;
using testing::same_values;
using testing::scattered;

TEST(Arithmetic, EqualsPyTorchForNumbers) { run_op_cases("numbers"); }
TEST(Arithmetic, EqualsPyTorchForValuesAndLayouts) { run_op_cases("elementwise"); }
TEST(Operations, EqualPyTorchOnRandomTensors) { run_op_cases("random"); }

/// Element by element, through indices: the slow twin of the walk.
template <class F>
Tensor slow(const Tensor& a, const Tensor& b, F f) {
  const Tensor x = a.expand(broadcast_shapes(a.sizes(), b.sizes()));
  const Tensor y = b.expand(x.sizes());
  Tensor out = empty(x.sizes());
  std::vector<std::int64_t> at(x.sizes().size());
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    std::int64_t rest = i;
    std::int64_t p = x.storage_offset();
    std::int64_t q = y.storage_offset();
    for (std::size_t d = at.size(); d-- > 0;) {
      const std::int64_t k = rest % x.sizes()[d];
      rest /= x.sizes()[d];
      p += k * x.strides()[d];
      q += k * y.strides()[d];
    }
    const auto element = [](const Tensor& t, std::int64_t offset) {
      return reinterpret_cast<const float*>(t.storage().data())[offset];
    };
    out.data_ptr<float>()[i] = f(element(x, p), element(y, q));
  }
  return out;
}

TEST(Walk, EqualsItsSlowTwinOnEveryLayout) {
  const std::vector<Tensor> left{
      scattered({3, 4, 5}),    scattered({3, 4, 5}).permute({2, 0, 1}).contiguous().permute({1, 2, 0}),
      scattered({4, 1}),       scattered({1, 1, 5}),
      scattered({2, 3, 4, 5}), scattered({1, 2, 1, 3, 4, 5}),
      full({}, 2.5),           scattered({3, 4, 5}).contiguous()};
  std::size_t cases = 0;
  for (const Tensor& a : left) {
    for (const Tensor& b : left) {
      EXPECT_TRUE(same_values(a * b, slow(a, b, [](float x, float y) { return x * y; })));
      EXPECT_TRUE(same_values(a - b, slow(a, b, [](float x, float y) { return x - y; })));
      ++cases;
    }
  }
  EXPECT_EQ(cases, left.size() * left.size());
}

TEST(Walk, LargeTensorsGiveTheSameOnAnyNumberOfThreads) {
  const int before = get_num_threads();
  const Tensor a = arange(3'000'000, kFloat32).view({1500, 2000}).t();
  const Tensor b = arange(1500, kFloat32);
  set_num_threads(1);
  const Tensor one = a * b;
  set_num_threads(4);
  EXPECT_TRUE(equal(one, a * b));
  EXPECT_TRUE(equal(one, a.contiguous() * b));
  set_num_threads(before);
}

TEST(Walk, WhereAnElementsPlaceMattersThreadsCutBetweenBlocks) {
  const int before = get_num_threads();
  const Tensor a = arange(3'000'003, kFloat32).remainder(977).to(kFloat16);
  const Tensor b = arange(3'000'003, kFloat32).remainder(701).to(kFloat16);
  const Tensor rows = a.slice(0, 0, 3'000'000).view({1500, 2000}).t();
  const Tensor zeros_of_both_signs = (a - a) * (b.remainder(2) - 0.5);
  set_num_threads(1);
  const Tensor sum = a.add(b, 0.3);
  const Tensor of_rows = rows.add(rows, 0.3);
  const Tensor larger = maximum(zeros_of_both_signs, zeros_of_both_signs.neg());
  for (const int threads : {2, 3, 5}) {
    set_num_threads(threads);
    EXPECT_TRUE(same_values(a.add(b, 0.3), sum)) << threads;
    EXPECT_TRUE(same_values(rows.add(rows, 0.3), of_rows)) << threads;
    EXPECT_TRUE(same_values(maximum(zeros_of_both_signs, zeros_of_both_signs.neg()), larger)) << threads;
  }
  set_num_threads(before);
}

TEST(Elementwise, AViewGivesWhatItsCopyGives) {
  const Tensor view = scattered({3, 4, 5});
  const Tensor copy = view.contiguous();
  const std::vector<Tensor (*)(const Tensor&)> functions{abs,     neg,   sign,  relu,        exp,
                                                         sigmoid, floor, isnan, logical_not, square};
  for (const auto f : functions) EXPECT_TRUE(same_values(f(view), f(copy)));
  EXPECT_TRUE(same_values(view.clamp(-3, 3), copy.clamp(-3, 3)));
  EXPECT_TRUE(same_values(where(view > 0, view, view * 2), where(copy > 0, copy, copy * 2)));
  EXPECT_TRUE(same_values(view.masked_fill(view > 3, 0), copy.masked_fill(copy > 3, 0)));
}

TEST(Elementwise, ResultsKeepTheMemoryOrderOfTheirOperands) {
  const Tensor a = scattered({3, 4, 5}).contiguous().permute({2, 0, 1});
  EXPECT_EQ((a + 1).strides(), a.strides());
  EXPECT_EQ(exp(a).strides(), a.strides());
  EXPECT_EQ((a * a.contiguous()).strides(), a.strides());
}

TEST(Elementwise, MaskedProductKeepsTheSignOfZero) {
  Tensor w = tensor({-1.0, 6.0, -7.0, 2.0});
  w *= w.abs() >= 5;
  EXPECT_TRUE(std::signbit(w[0].item<float>()));
  EXPECT_EQ(w[0].item<float>(), 0);
  EXPECT_EQ(w[1].item<float>(), 6);
  EXPECT_FALSE(std::signbit(w[3].item<float>()));
}

TEST(InPlace, ViewsWriteTheirBase) {
  const Tensor base = zeros({2, 3});
  base.t()[1] += 2;
  base[0].mul_(3);
  EXPECT_TRUE(equal(base, tensor({{0.0, 6.0, 0.0}, {0.0, 2.0, 0.0}})));
}

TEST(InPlace, ALeafThatRequiresGradIsGuarded) {
  const Parameter p(zeros({2, 3}));
  const auto text = [](auto&& f) {
    try {
      f();
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const std::string expected = "a leaf Variable that requires grad is being used in an in-place operation.";
  EXPECT_EQ(text([&] { p.add_(1); }), expected);
  EXPECT_EQ(text([&] { p.fill_(1); }), expected);
  EXPECT_EQ(text([&] { p.copy_(ones({3})); }), expected);
  EXPECT_EQ(text([&] { p.clamp_(0); }), expected);
  EXPECT_EQ(text([&] { p.masked_fill_(p == 0, 1); }), expected);
  {
    NoGradGuard guard;
    EXPECT_EQ(text([&] { p.add_(1); }), "");
  }
  EXPECT_TRUE(GradMode::is_enabled());
  EXPECT_TRUE(equal(p, ones({2, 3})));
  EXPECT_TRUE((p + 1).requires_grad());
}

TEST(InPlace, RefusesOverlapAndForeignShapes) {
  const Tensor line = zeros({4});
  EXPECT_THROW(zeros({2}).expand({3, 2}).add_(1), ShapeError);
  EXPECT_THROW(line.slice(0, 1).add_(line.slice(0, 0, 3)), ShapeError);
  EXPECT_THROW(zeros({2}).add_(zeros({3, 2})), ShapeError);
  EXPECT_NO_THROW(line.add_(line));
}

TEST(InPlace, MasksMayFillExpandedTensorsWithAWarning) {
  std::vector<std::string> heard;
  const WarningHandler outer = set_warning_handler([&](std::string_view text) { heard.emplace_back(text); });
  const Tensor wide = zeros({1}).expand({3});
  wide.masked_fill_(tensor({true, false, false}), 7);
  EXPECT_TRUE(equal(wide, full({3}, 7.0)));
  static_cast<void>(where(tensor({1, 0}, kUInt8), ones({2}), zeros({2})));
  set_warning_handler(outer);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_TRUE(heard[0].starts_with("Use of masked_fill_ on expanded tensors is deprecated."));
  EXPECT_TRUE(heard[1].starts_with("where received a uint8 condition tensor."));
}

TEST(Meta, ShapesAndTypesPassThroughEverything) {
  const Tensor m = zeros({1'000'000, 1'000'000}, kMeta);
  const Tensor row = empty({1'000'000}, TensorOptions(kFloat64).device(kMeta));
  for (const Tensor& t :
       {m + row, m * 2 - row, (m > 0).to(kFloat64), exp(m).to(kFloat64), where(m > 0, m, row)}) {
    EXPECT_TRUE(t.is_meta());
    EXPECT_EQ(t.sizes(), m.sizes());
    EXPECT_EQ(t.dtype(), kFloat64);
  }
  EXPECT_EQ(sum(m, 0).sizes(), row.sizes());
  EXPECT_EQ(mm(m, m).sizes(), m.sizes());
  EXPECT_EQ(linear(row.to(kFloat32), m, zeros({1'000'000}, kMeta)).sizes(), row.sizes());
  EXPECT_TRUE(cat({m, m}).is_meta());
  EXPECT_THROW((void)m.equal(m), DeviceError);
  EXPECT_THROW((void)sum(m).item(), DeviceError);
  EXPECT_THROW((void)sum(m).is_nonzero(), DeviceError);
  EXPECT_THROW((void)(m + zeros({1'000'000})), DeviceError);
  EXPECT_TRUE((m + full({}, 1)).is_meta());
}

TEST(Operators, TakeNumbersOnEitherSide) {
  const Tensor x = tensor({1.0, -2.0});
  EXPECT_TRUE(equal(2 * x + 1, tensor({3.0, -3.0})));
  EXPECT_TRUE(equal(1.0 - x, tensor({0.0, 3.0})));
  EXPECT_TRUE(equal(1 / x, tensor({1.0, -0.5})));
  EXPECT_TRUE(equal(-x, tensor({-1.0, 2.0})));
  EXPECT_TRUE(equal((x > 0) * x, tensor({1.0, -0.0})));
  EXPECT_TRUE(equal((!(x == 1)) | (0 < x), tensor({true, true})));
  EXPECT_TRUE(equal(tensor({5, -5}) % 3, tensor({2, 1})));
  EXPECT_TRUE(equal(~tensor({0, 1}), tensor({-1, -2})));
}

}  // namespace
}  // namespace ballast
