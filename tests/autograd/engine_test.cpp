// The backward pass: what arrives where, how often, and what is refused.
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/print.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using autograd::variable_list;

Tensor leaf(const std::vector<double>& values) { return tensor(values, kFloat64).requires_grad_(); }

TEST(Engine, ADerivativeIsWhatTheFormulaSays) {
  const Tensor x = leaf({1, 2, 3});
  (x * x * 2).sum().backward();
  EXPECT_TRUE(x.grad().equal(tensor({4.0, 8.0, 12.0}, kFloat64)));
}

TEST(Engine, GradientsOfSeveralUsesAndOfSeveralPassesAddUp) {
  const Tensor x = leaf({1, 2});
  (x * 3 + x * x).sum().backward();
  EXPECT_TRUE(x.grad().equal(tensor({5.0, 7.0}, kFloat64)));
  x.sum().backward();
  EXPECT_TRUE(x.grad().equal(tensor({6.0, 8.0}, kFloat64)));
}

TEST(Engine, BroadcastGradientsHaveTheShapeAndTypeOfTheirInput) {
  const Tensor row = ones({3}, kFloat32).requires_grad_();
  const Tensor column = ones({4, 1}, kFloat64).requires_grad_();
  (row * column).sum().backward();
  EXPECT_EQ(row.grad().dtype(), kFloat32);
  EXPECT_TRUE(row.grad().equal(full({3}, 4.0f)));
  EXPECT_TRUE(column.grad().equal(full({4, 1}, 3.0, kFloat64)));
}

TEST(Engine, ResultsSayWhatMadeThem) {
  const Tensor x = leaf({1, 2});
  EXPECT_TRUE(x.is_leaf());
  const Tensor y = x * x;
  EXPECT_FALSE(y.is_leaf());
  EXPECT_TRUE(y.requires_grad());
  EXPECT_STREQ(y.grad_fn()->name(), "MulBackward0");
  EXPECT_EQ(repr(y), "tensor([1., 4.], dtype=torch.float64, grad_fn=<MulBackward0>)");
  EXPECT_EQ(repr(x), "tensor([1., 2.], dtype=torch.float64, requires_grad=True)");
  EXPECT_TRUE(y.detach().is_leaf());
  EXPECT_FALSE(y.detach().requires_grad());
  EXPECT_FALSE(x.gt(1).requires_grad());
}

TEST(Engine, ASecondPassNeedsTheGraphKept) {
  const Tensor x = leaf({1, 2});
  const Tensor y = (x * x).sum();
  y.backward({}, true);
  y.backward();
  EXPECT_TRUE(x.grad().equal(tensor({4.0, 8.0}, kFloat64)));
  EXPECT_THROWN(y.backward(), Error, "Trying to backward through the graph a second time");
  // What saved nothing can be passed as often as one likes.
  const Tensor z = (x + 1).sum();
  z.backward();
  z.backward();
}

TEST(Engine, WhatCannotBeDifferentiatedIsSaid) {
  const Tensor x = leaf({1, 2});
  EXPECT_THROWN((x * 2).backward(), ShapeError, "grad can be implicitly created only for scalar outputs");
  EXPECT_THROWN(ones({1}).backward(), Error,
                "element 0 of tensors does not require grad and does not have a grad_fn");
  EXPECT_THROWN((x * 2).backward(ones({3}, kFloat64)), ShapeError, "Mismatch in shape");
  EXPECT_THROWN(static_cast<void>(autograd::grad({x.sum()}, {})), ValueError,
                "grad requires non-empty inputs.");
  const Tensor unused = leaf({1});
  EXPECT_THROWN(static_cast<void>(autograd::grad({x.sum()}, {unused})), Error, "Set allow_unused=True");
  EXPECT_FALSE(autograd::grad({x.sum()}, {unused}, {}, {}, false, true)[0].defined());
  EXPECT_THROWN((x * 2).requires_grad_(false), Error,
                "you can only change requires_grad flags of leaf variables.");
  EXPECT_THROWN(tensor(1).requires_grad_(), DTypeError,
                "Only Tensors of floating point and complex dtype can require gradients");
}

TEST(Engine, GradLeavesTheGradFieldAlone) {
  const Tensor x = leaf({3});
  const Tensor y = x * x;
  const variable_list g = autograd::grad({y * y}, {x, y}, {ones({1}, kFloat64)});
  EXPECT_EQ(g[0].item<double>(), 4 * 27.0);
  EXPECT_EQ(g[1].item<double>(), 18.0);
  EXPECT_FALSE(x.grad().defined());
}

TEST(Engine, OnlyTheNamedInputsGetAGradient) {
  const Tensor a = leaf({2});
  const Tensor b = leaf({3});
  const Tensor c = a * b;
  const std::vector<Tensor> inputs{b, c};
  c.sum().backward({}, {}, false, ArrayRef<Tensor>(inputs));
  EXPECT_FALSE(a.grad().defined());
  EXPECT_EQ(b.grad().item<double>(), 2);
  EXPECT_EQ(c.grad().item<double>(), 1);
  EXPECT_THROWN(c.sum().backward({}, {}, false, ArrayRef<Tensor>()), ValueError, "cannot be empty");
}

TEST(Engine, GradientsCanBeDifferentiatedAgain) {
  const Tensor x = leaf({2});
  const Tensor y = x.pow(4).sum();
  const Tensor first = autograd::grad({y}, {x}, {}, {}, true)[0];
  EXPECT_EQ(first.item<double>(), 32);
  const Tensor second = autograd::grad({first.sum()}, {x}, {}, {}, true)[0];
  EXPECT_EQ(second.item<double>(), 48);
  const Tensor third = autograd::grad({second.sum()}, {x})[0];
  EXPECT_EQ(third.item<double>(), 48);
}

TEST(Engine, AMillionOperationsInAChain) {
  const Tensor x = leaf({1});
  {
    Tensor y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y + 1;
    y.sum().backward();
  }  // and freed
  EXPECT_EQ(x.grad().item<double>(), 1);
  Tensor y = x;
  for (int i = 0; i < 1'000'000; ++i) y = y.neg();
  y = {};  // freed without ever being used
}

TEST(Engine, TheSameNodeReachedByManyPathsIsVisitedOnce) {
  Tensor y = leaf({1});
  const Tensor x = y;
  for (int i = 0; i < 60; ++i) y = y + y;  // 2^60 paths
  y.sum().backward();
  EXPECT_EQ(x.grad().item<double>(), std::ldexp(1.0, 60));
}

TEST(Engine, ManyNodesMayWaitAtOnce) {
  std::vector<Tensor> leaves;
  Tensor total = zeros({}, kFloat64);
  for (int i = 0; i < 500; ++i) {
    leaves.push_back(leaf({static_cast<double>(i)}));
    leaves.back().register_hook([](const Tensor& g) { return g * 2; });
  }
  for (int round = 0; round < 2; ++round) {
    for (const Tensor& t : leaves) total = total + (t * t).sum();
  }
  total.backward();
  for (int i = 0; i < 500; ++i) EXPECT_EQ(leaves[static_cast<std::size_t>(i)].grad().item<double>(), 8.0 * i);
}

TEST(Engine, APassInsideAPassInsideAPass) {
  // Each backward runs another one: far deeper than a stack of calls would go.
  struct Nest : autograd::Function<Nest> {
    static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x, int depth) {
      ctx->saved_data["depth"] = depth;
      return x.clone();
    }
    static variable_list backward(autograd::AutogradContext* ctx, variable_list grads) {
      const int depth = std::any_cast<int>(ctx->saved_data["depth"]);
      if (depth > 0) {
        const AutoGradMode on(true);
        const Tensor inner = grads[0].detach().requires_grad_();
        Nest::apply(inner, depth - 1).sum().backward();
        return {inner.grad(), {}};
      }
      return {grads[0] * 5, {}};
    }
  };
  const Tensor x = leaf({1});
  Nest::apply(x, 8000).sum().backward();
  EXPECT_EQ(x.grad().item<double>(), 5);
}

TEST(Engine, TheGradientOfALeafThatIsGoneGoesNowhere) {
  Tensor y;
  {
    const Tensor x = leaf({1, 2});
    y = (x * x).sum();
  }
  y.backward();
}

TEST(Engine, AGradientIsNotSharedWithAnotherOne) {
  const Tensor a = leaf({1});
  const Tensor b = leaf({1});
  (a + b).backward();
  a.grad().mul_(10);
  EXPECT_EQ(b.grad().item<double>(), 1);
}

}  // namespace
}  // namespace ballast
