// Views and writing in place: gradients go where the elements came from, and stale values are noticed.
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/print.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

Tensor leaf(IntArrayRef sizes) { return ones(sizes, kFloat64).requires_grad_(); }

TEST(Views, GradientsPassThroughEachKind) {
  const Tensor x = leaf({2, 3});
  const std::vector<Tensor> views{x[1],
                                  x.slice(1, 0, 3, 2),
                                  x.t(),
                                  x.transpose(0, 1),
                                  x.permute({1, 0}),
                                  x.view({3, 2}),
                                  x.reshape({6}),
                                  x.diagonal(),
                                  x.unsqueeze(0),
                                  x.expand({4, 2, 3}),
                                  x.flatten(),
                                  x.narrow(1, 1, 2),
                                  x.as_strided({2, 2}, {1, 1})};
  int cases = 0;
  for (const Tensor& v : views) {
    EXPECT_TRUE(v.is_view());
    const Tensor g = autograd::grad({v.sum()}, {x})[0];
    EXPECT_EQ(g.sum().item<double>(), static_cast<double>(v.numel())) << v.grad_fn()->name();
    ++cases;
  }
  std::cout << cases << " kinds of views\n";
}

TEST(Views, AViewAndItsBaseCountChangesTogether) {
  const Tensor x = zeros({4});
  const Tensor v = x.slice(0, 0, 2);
  EXPECT_EQ(x._version(), 0u);
  v.add_(1);
  EXPECT_EQ(x._version(), 1u);
  EXPECT_EQ(v._version(), 1u);
  x.mul_(2);
  EXPECT_EQ(v._version(), 2u);
  EXPECT_EQ(x.detach()._version(), 2u);
  EXPECT_EQ(x.data()._version(), 0u);
  x.data().fill_(3);
  EXPECT_EQ(x._version(), 2u);
}

TEST(Views, WritingIntoAViewIsWrittenIntoTheHistoryOfItsBase) {
  const Tensor w = leaf({2});
  const Tensor x = zeros({2, 3}, kFloat64);
  x.slice(1, 0, 2) = w.unsqueeze(1) * 3;
  EXPECT_TRUE(x.requires_grad());
  EXPECT_STREQ(x.grad_fn()->name(), "CopySlices");
  (x * x).sum().backward();
  EXPECT_TRUE(w.grad().equal(tensor({36.0, 36.0}, kFloat64)));
}

TEST(Views, AnEarlierViewSeesWhatWasWrittenThroughTheBase) {
  const Tensor w = leaf({3});
  const Tensor x = zeros({3}, kFloat64);
  const Tensor v = x[1];
  EXPECT_FALSE(v.requires_grad());
  x.add_(w * 2);
  EXPECT_TRUE(v.requires_grad());
  (v * v).backward();
  EXPECT_TRUE(w.grad().equal(tensor({0.0, 8.0, 0.0}, kFloat64)));
}

TEST(Views, SeveralWritesThroughSeveralViews) {
  const Tensor a = leaf({2, 2});
  const Tensor y = a * 2;
  y[0].mul_(5);
  y.t()[1].mul_(y.t()[0].detach());
  y.sum().backward();
  // y = [[10, 10 * 10], [2, 2 * 2]]: each element's factor
  EXPECT_TRUE(a.grad().equal(tensor({{10.0, 100.0}, {2.0, 4.0}}, kFloat64))) << repr(a.grad());
}

TEST(Inplace, EachOperationHasTheGradientOfItsTwin) {
  struct Pair {
    const char* name;
    std::function<void(const Tensor&, const Tensor&)> inplace;
    std::function<Tensor(const Tensor&, const Tensor&)> twin;
  };
  const std::vector<Pair> pairs{
      {"add_", [](auto& x, auto& o) { x.add_(o, 2); }, [](auto& x, auto& o) { return x.add(o, 2); }},
      {"sub_", [](auto& x, auto& o) { x.sub_(o); }, [](auto& x, auto& o) { return x.sub(o); }},
      {"mul_", [](auto& x, auto& o) { x.mul_(o); }, [](auto& x, auto& o) { return x.mul(o); }},
      {"div_", [](auto& x, auto& o) { x.div_(o); }, [](auto& x, auto& o) { return x.div(o); }},
      {"mul_ number", [](auto& x, auto&) { x.mul_(3); }, [](auto& x, auto&) { return x.mul(3); }},
      {"abs_", [](auto& x, auto&) { x.abs_(); }, [](auto& x, auto&) { return x.abs(); }},
      {"neg_", [](auto& x, auto&) { x.neg_(); }, [](auto& x, auto&) { return x.neg(); }},
      {"sqrt_", [](auto& x, auto&) { x.sqrt_(); }, [](auto& x, auto&) { return x.sqrt(); }},
      {"clamp_", [](auto& x, auto&) { x.clamp_(1.5, 2.5); },
       [](auto& x, auto&) { return x.clamp(1.5, 2.5); }},
      {"copy_", [](auto& x, auto& o) { x.copy_(o); }, [](auto& x, auto& o) { return o + x * 0; }},
      {"zero_", [](auto& x, auto&) { x.zero_(); }, [](auto& x, auto&) { return x * 0; }},
      {"masked_fill_", [](auto& x, auto& o) { x.masked_fill_(o.gt(2), 7); },
       [](auto& x, auto& o) { return x.masked_fill(o.gt(2), 7); }}};
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, kFloat64).requires_grad_();
  const Tensor o = tensor({{5.0, 1.0}, {2.0, 3.0}}, kFloat64).requires_grad_();
  const Tensor weight = tensor({{1.0, 2.0}, {4.0, 8.0}}, kFloat64);
  for (const Pair& p : pairs) {
    const Tensor y = x.clone();
    p.inplace(y, o);
    const Tensor twin = p.twin(x, o);
    EXPECT_TRUE(y.detach().equal(twin.detach())) << p.name;
    const auto g = autograd::grad({(y * weight).sum()}, {x, o}, {}, {}, false, true);
    const auto t = autograd::grad({(twin * weight).sum()}, {x, o}, {}, {}, false, true);
    const auto same = [](const Tensor& a, const Tensor& b) {
      return (a.defined() ? a : zeros({2, 2}, kFloat64)).equal(b.defined() ? b : zeros({2, 2}, kFloat64));
    };
    EXPECT_TRUE(same(g[0], t[0])) << p.name;
    EXPECT_TRUE(same(g[1], t[1])) << p.name;
    // The same through a view of a larger tensor.
    const Tensor big = stack({x, x}) * 1;
    p.inplace(big[1], o);
    const auto v = autograd::grad({(big[1] * weight).sum()}, {x, o}, {}, {}, false, true);
    EXPECT_TRUE(same(v[0], t[0])) << p.name << " through a view";
    EXPECT_TRUE(same(v[1], t[1])) << p.name << " through a view";
  }
  std::cout << pairs.size() << " operations in place\n";
}

TEST(Inplace, LeavesAreGuarded) {
  const Tensor x = leaf({2});
  EXPECT_THROWN(x.add_(1), Error,
                "a leaf Variable that requires grad is being used in an in-place operation.");
  EXPECT_THROWN(x[0].add_(1), Error,
                "a view of a leaf Variable that requires grad is being used in an in-place operation.");
  EXPECT_THROWN(x.uniform_(), Error, "a leaf Variable");
  Tensor view;
  {
    const NoGradGuard no_grad;
    x.add_(1);
    view = x[0];
  }
  EXPECT_TRUE(x.detach().equal(full({2}, 2.0, kFloat64)));
  EXPECT_TRUE(x.is_leaf());
}

TEST(Inplace, AChangeOfWhatWasSavedIsNoticed) {
  const Tensor x = leaf({2});
  const Tensor a = x * 2;
  const Tensor y = a * a;
  a.add_(1);
  EXPECT_THROWN(
      y.sum().backward(), Error,
      "one of the variables needed for gradient computation has been modified by an inplace operation");
  const Tensor b = x.exp();
  b.mul_(2);
  EXPECT_THROWN(b.sum().backward(), Error, "output 0 of ExpBackward0");
  // Where the old values are not needed nothing is wrong.
  const Tensor c = x + 1;
  c.mul_(3);
  c.sum().backward();
}

}  // namespace
}  // namespace ballast
