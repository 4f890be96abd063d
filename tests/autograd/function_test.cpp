// Operations of one's own.
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using autograd::AutogradContext;
using autograd::Function;
using autograd::variable_list;

struct Cube : Function<Cube> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    EXPECT_FALSE(GradMode::is_enabled());
    ctx->save_for_backward({x});
    return x * x * x;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const Tensor x = ctx->get_saved_variables()[0];
    return {grads[0] * 3 * x * x};
  }
};

TEST(Function, IsDifferentiatedAsItSays) {
  const Tensor x = full({2}, 2.0, kFloat64).requires_grad_();
  const Tensor y = Cube::apply(x);
  EXPECT_STREQ(y.grad_fn()->name(), "CubeBackward");
  const Tensor g = autograd::grad({y.sum()}, {x}, {}, {}, true)[0];
  EXPECT_TRUE(g.detach().equal(full({2}, 12.0, kFloat64)));
  EXPECT_TRUE(autograd::grad({g.sum()}, {x})[0].equal(full({2}, 12.0, kFloat64)));
  const auto f = [](const variable_list& in) { return variable_list{Cube::apply(in[0])}; };
  autograd::gradcheck(f, {x});
  autograd::gradgradcheck(f, {x});
}

TEST(Function, GivesUpWhatItSaved) {
  const Tensor x = full({2}, 2.0, kFloat64).requires_grad_();
  const Tensor y = Cube::apply(x).sum();
  y.backward();
  EXPECT_THROWN(y.backward(), Error, "Trying to backward through the graph a second time");
}

struct Scale : Function<Scale> {
  static variable_list forward(AutogradContext* ctx, const std::vector<Tensor>& list, double factor,
                               const Tensor& unused) {
    static_cast<void>(unused);
    ctx->saved_data["factor"] = factor;
    return {list[0] * factor, list[1].gt(0)};
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    EXPECT_TRUE(ctx->needs_input_grad(0));
    EXPECT_FALSE(ctx->needs_input_grad(1));
    EXPECT_TRUE(grads[1].defined());  // zeros in place of nothing
    return {grads[0] * std::any_cast<double>(ctx->saved_data["factor"]), {}, {}, {}};
  }
};

TEST(Function, TakesListsAndNumbersAndGivesSeveralResults) {
  const Tensor x = ones({2}, kFloat64).requires_grad_();
  const variable_list y = Scale::apply(std::vector<Tensor>{x, ones({2})}, 4.0, Tensor());
  EXPECT_TRUE(y[0].requires_grad());
  EXPECT_FALSE(y[1].requires_grad());
  y[0].sum().backward();
  EXPECT_TRUE(x.grad().equal(full({2}, 4.0, kFloat64)));
}

struct DoubleInPlace : Function<DoubleInPlace> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->mark_dirty({x});
    return x.mul_(2);
  }
  static variable_list backward(AutogradContext*, variable_list grads) { return {grads[0] * 2}; }
};

TEST(Function, MayWriteInPlace) {
  const Tensor x = ones({2}, kFloat64).requires_grad_();
  const Tensor y = x * 1;
  const Tensor z = DoubleInPlace::apply(y);
  EXPECT_TRUE(z.is_same(y));
  y.sum().backward();
  EXPECT_TRUE(x.grad().equal(full({2}, 2.0, kFloat64)));
}

struct WrongCount : Function<WrongCount> {
  static Tensor forward(AutogradContext*, const Tensor& a, const Tensor& b) { return a + b; }
  static variable_list backward(AutogradContext*, variable_list grads) { return {grads[0]}; }
};
struct WrongShape : Function<WrongShape> {
  static Tensor forward(AutogradContext*, const Tensor& a) { return a * 1; }
  static variable_list backward(AutogradContext*, const variable_list&) { return {ones({5}, kFloat64)}; }
};

TEST(Function, WrongGradientsAreRefused) {
  const Tensor x = ones({2}, kFloat64).requires_grad_();
  EXPECT_THROWN(WrongCount::apply(x, x).sum().backward(), Error,
                "returned an incorrect number of gradients (expected 2, got 1)");
  EXPECT_THROWN(WrongShape::apply(x).sum().backward(), ShapeError, "expected shape");
}

}  // namespace
}  // namespace ballast
