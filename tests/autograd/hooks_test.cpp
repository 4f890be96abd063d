// Hooks on tensors, and gradients kept for results.
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/warning.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

Tensor leaf(double value) { return full({1}, value, kFloat64).requires_grad_(); }

TEST(TensorHooks, RunInOrderAndMayReplaceTheGradient) {
  const Tensor x = leaf(3);
  std::string order;
  x.register_hook([&](const Tensor& g) {
    order += "a";
    EXPECT_EQ(g.item<double>(), 6);
  });
  x.register_hook([&](const Tensor& g) {
    order += "b";
    return g * 10;
  });
  (x * x).sum().backward();
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(x.grad().item<double>(), 60);
}

TEST(TensorHooks, SeeTheSumOverAllUses) {
  const Tensor x = leaf(1);
  const Tensor y = x * 2;
  std::vector<double> seen;
  y.register_hook([&](const Tensor& g) { seen.push_back(g.item<double>()); });
  (y * 3 + y * 4).sum().backward();
  EXPECT_EQ(seen, std::vector<double>{7});
}

TEST(TensorHooks, AreRemovedByTheirNumber) {
  const Tensor x = leaf(1);
  int calls = 0;
  const auto id = x.register_hook([&](const Tensor&) { ++calls; });
  x.remove_hook(id);
  EXPECT_THROWN(x.remove_hook(id), IndexError, "Invalid index");
  x.sum().backward();
  EXPECT_EQ(calls, 0);
  EXPECT_THROWN(ones({1}).register_hook([](const Tensor&) {}), Error,
                "cannot register a hook on a tensor that doesn't require gradient");
}

TEST(TensorHooks, AfterAccumulationTheLeafIsThere) {
  const Tensor x = leaf(2);
  std::vector<double> seen;
  x.register_post_accumulate_grad_hook([&](const Tensor& t) {
    EXPECT_TRUE(t.is_same(x));
    seen.push_back(t.grad().item<double>());
    t.mutable_grad() = {};
  });
  (x * x + x).sum().backward();
  EXPECT_EQ(seen, std::vector<double>{5});
  EXPECT_FALSE(x.grad().defined());
}

TEST(RetainGrad, KeepsTheGradientOfAResult) {
  const Tensor x = leaf(2);
  const Tensor y = x * 3;
  std::string warning;
  const WarningHandler before = set_warning_handler([&](std::string_view text) { warning = text; });
  EXPECT_FALSE(y.grad().defined());
  EXPECT_NE(warning.find("is not a leaf Tensor"), std::string::npos);
  set_warning_handler(before);
  y.retain_grad();
  y.retain_grad();
  EXPECT_TRUE(y.retains_grad());
  y.register_hook([](const Tensor& g) { return g * 2; });  // registered later, but runs first
  (y * y).sum().backward();
  EXPECT_EQ(y.grad().item<double>(), 24);
  EXPECT_EQ(x.grad().item<double>(), 72);
  x.retain_grad();  // nothing to do for a leaf
}

TEST(RetainGrad, OutlivesTheTensorWithoutHarm) {
  const Tensor x = leaf(2);
  Tensor z;
  {
    const Tensor y = x * 3;
    y.retain_grad();
    z = y * y;
  }
  z.sum().backward();
  EXPECT_EQ(x.grad().item<double>(), 36);
}

}  // namespace
}  // namespace ballast
