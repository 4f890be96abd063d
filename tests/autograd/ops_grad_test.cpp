// Every differentiable operation: its gradients, and the gradients of these, against differences of values. Over several shapes
// and with inputs that are not contiguous.
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using autograd::variable_list;
using F = std::function<Tensor(const variable_list&)>;

int cases = 0;

/// A leaf of values in [low, high), away from whole and half numbers, where functions have their kinks.
Tensor values(IntArrayRef sizes, double low, double high) {
  const Tensor t = rand(sizes, kFloat64) * (high - low) + low;
  const Tensor kink = (t * 2).round() / 2;
  const Tensor near = (t - kink).abs().lt(0.02);
  return where(near, kink + 0.1, t).detach();
}
Tensor in(IntArrayRef sizes, double low = -2, double high = 2) {
  return values(sizes, low, high).requires_grad_();
}
Tensor strided(IntArrayRef sizes, double low = -2, double high = 2) {
  Dims turned;
  for (std::size_t i = sizes.size(); i-- > 0;) turned.push_back(sizes[i]);
  Dims order;
  for (std::size_t i = sizes.size(); i-- > 0;) order.push_back(static_cast<std::int64_t>(i));
  return values(turned, low, high).permute(order).detach().requires_grad_();
}

void check_op(const char* name, const F& f, const variable_list& inputs) {
  const autograd::DifferentiableFunction g = [&](const variable_list& in_) { return variable_list{f(in_)}; };
  try {
    autograd::gradcheck(g, inputs);
    autograd::gradgradcheck(g, inputs);
  } catch (const Error& e) {
    ADD_FAILURE() << name << ": " << e.what();
  }
  ++cases;
}

TEST(OpsGrad, Unary) {
  manual_seed(1);
  struct Case {
    const char* name;
    Tensor (*f)(const Tensor&);
    double low = -2, high = 2;
  };
  const std::vector<Case> all{{"abs", abs},
                              {"neg", neg},
                              {"exp", exp},
                              {"log", log, 0.3, 3},
                              {"log1p", log1p, -0.6},
                              {"sqrt", sqrt, 0.3, 3},
                              {"rsqrt", rsqrt, 0.3, 3},
                              {"erf", erf},
                              {"erfinv", erfinv, -0.7, 0.7},
                              {"sin", sin},
                              {"cos", cos},
                              {"tanh", tanh},
                              {"sigmoid", sigmoid},
                              {"relu", relu},
                              {"square", square},
                              {"reciprocal", reciprocal, 0.3, 3},
                              {"sign", sign},
                              {"floor", floor},
                              {"round", round}};
  for (const Case& c : all) {
    const F f = [&](const variable_list& v) { return c.f(v[0]); };
    check_op(c.name, f, {in({5}, c.low, c.high)});
    check_op(c.name, f, {strided({2, 3}, c.low, c.high)});
    check_op(c.name, f, {in({}, c.low, c.high)});
  }
}

TEST(OpsGrad, Binary) {
  manual_seed(2);
  const std::vector<std::pair<const char*, F>> all{
      {"add", [](auto& v) { return v[0].add(v[1], 3); }},
      {"sub", [](auto& v) { return v[0].sub(v[1], 3); }},
      {"mul", [](auto& v) { return v[0].mul(v[1]); }},
      {"div", [](auto& v) { return v[0].div(v[1]); }},
      {"pow", [](auto& v) { return v[0].pow(v[1]); }},
      {"maximum", [](auto& v) { return maximum(v[0], v[1]); }},
      {"minimum", [](auto& v) { return minimum(v[0], v[1]); }},
      {"where", [](auto& v) { return where(v[0].gt(v[1].detach()), v[0], v[1] * 2); }},
      {"remainder", [](auto& v) { return v[0].remainder(v[1]); }}};
  for (const auto& [name, f] : all) {
    check_op(name, f, {in({2, 3}, 0.3, 2), in({2, 3}, 0.3, 2)});
    check_op(name, f, {in({2, 3}, 0.3, 2), in({3}, 0.3, 2)});
    check_op(name, f, {in({2, 1}, 0.3, 2), strided({2, 3}, 0.3, 2)});
    check_op(name, f, {in({}, 0.3, 2), in({2}, 0.3, 2)});
  }
  const std::vector<std::pair<const char*, F>> numbers{
      {"add number", [](auto& v) { return v[0] + 2.5; }},
      {"rsub", [](auto& v) { return 2.5 - v[0]; }},
      {"mul number", [](auto& v) { return v[0] * 2.5; }},
      {"div number", [](auto& v) { return v[0] / 2.5; }},
      {"number / x", [](auto& v) { return 2.5 / v[0]; }},
      {"pow 3", [](auto& v) { return v[0].pow(3); }},
      {"pow 0.5", [](auto& v) { return v[0].pow(0.5); }},
      {"pow -1.5", [](auto& v) { return v[0].pow(-1.5); }},
      {"pow 0", [](auto& v) { return v[0].pow(0); }},
      {"2 ** x", [](auto& v) { return pow(2.0, v[0]); }},
      {"clamp", [](auto& v) { return v[0].clamp(0.7, 1.2); }},
      {"clamp_min", [](auto& v) { return v[0].clamp_min(0.7); }},
      {"masked_fill", [](auto& v) { return v[0].masked_fill(v[0].detach().gt(1), 5); }}};
  for (const auto& [name, f] : numbers) check_op(name, f, {strided({2, 3}, 0.3, 2)});
}

TEST(OpsGrad, Reductions) {
  manual_seed(3);
  const std::vector<std::pair<const char*, F>> all{
      {"sum", [](auto& v) { return v[0].sum(); }},
      {"sum 0", [](auto& v) { return v[0].sum(0); }},
      {"sum -1 keep", [](auto& v) { return v[0].sum(-1, true); }},
      {"sum both",
       [](auto& v) {
         return v[0].sum({0, 1});
       }},
      {"mean", [](auto& v) { return v[0].mean(); }},
      {"mean 1", [](auto& v) { return v[0].mean(1); }},
      {"mean 0 keep", [](auto& v) { return v[0].mean(0, true); }},
      {"prod", [](auto& v) { return v[0].prod(); }},
      {"var", [](auto& v) { return v[0].var(); }},
      {"var biased", [](auto& v) { return v[0].var(false); }},
      {"std", [](auto& v) { return v[0].std(); }},
      {"norm", [](auto& v) { return v[0].norm(); }},
      {"norm 1", [](auto& v) { return v[0].norm(1); }},
      {"norm 3", [](auto& v) { return v[0].norm(3); }},
      {"norm 1.5", [](auto& v) { return v[0].norm(1.5); }},
      {"norm inf", [](auto& v) { return v[0].norm(std::numeric_limits<double>::infinity()); }},
      {"max", [](auto& v) { return v[0].max(); }},
      {"min", [](auto& v) { return v[0].min(); }},
      {"max 1", [](auto& v) { return std::get<0>(v[0].max(1)); }},
      {"min 0 keep", [](auto& v) { return std::get<0>(v[0].min(0, true)); }}};
  for (const auto& [name, f] : all) {
    check_op(name, f, {in({2, 3})});
    check_op(name, f, {strided({3, 2})});
  }
  const Tensor with_zero = tensor({{2.0, 0.0}, {3.0, 4.0}}, kFloat64).requires_grad_();
  check_op("prod with 0", [](auto& v) { return v[0].prod(); }, {with_zero});
}

TEST(OpsGrad, Products) {
  manual_seed(4);
  const F matmul_ = [](auto& v) { return v[0].matmul(v[1]); };
  check_op("dot", matmul_, {in({3}), in({3})});
  check_op("matrix vector", matmul_, {in({2, 3}), in({3})});
  check_op("vector matrix", matmul_, {in({2}), in({2, 3})});
  check_op("mm", matmul_, {in({2, 3}), strided({3, 4})});
  check_op("batch matrix", matmul_, {in({2, 2, 3}), in({3, 2})});
  check_op("matrix batch", matmul_, {in({2, 3}), in({2, 3, 2})});
  check_op("batches", matmul_, {in({2, 1, 2, 3}), in({3, 3, 2})});
  check_op("batch vector", matmul_, {in({2, 2, 3}), in({3})});
  check_op("bmm", [](auto& v) { return bmm(v[0], v[1]); }, {in({2, 2, 3}), strided({2, 3, 2})});
  const F addmm_ = [](auto& v) { return addmm(v[0], v[1], v[2], 0.5, 2); };
  check_op("addmm", addmm_, {in({2, 2}), in({2, 3}), in({3, 2})});
  check_op("addmm row", addmm_, {in({2}), strided({2, 3}), in({3, 2})});
  const F linear_ = [](auto& v) { return linear(v[0], v[1], v.size() > 2 ? v[2] : Tensor()); };
  check_op("linear", linear_, {in({2, 3}), in({4, 3}), in({4})});
  check_op("linear without bias", linear_, {in({2, 3}), strided({4, 3})});
  check_op("linear 3d", linear_, {in({2, 2, 3}), in({4, 3}), in({4})});
  check_op("linear 3d strided", linear_, {strided({2, 2, 3}), in({4, 3}), in({4})});
  check_op("linear 1d", linear_, {in({3}), in({4, 3}), in({4})});
}

TEST(OpsGrad, ViewsAndCopies) {
  manual_seed(5);
  const std::vector<std::pair<const char*, F>> all{
      {"select", [](auto& v) { return v[0][1]; }},
      {"slice", [](auto& v) { return v[0].slice(1, 0, 3, 2); }},
      {"t", [](auto& v) { return v[0].t(); }},
      {"permute",
       [](auto& v) {
         return v[0].permute({1, 0});
       }},
      {"reshape", [](auto& v) { return v[0].reshape({-1}); }},
      {"expand",
       [](auto& v) {
         return v[0].expand({2, 2, 3});
       }},
      {"diagonal", [](auto& v) { return v[0].diagonal(1); }},
      {"as_strided",
       [](auto& v) {
         return v[0].contiguous().as_strided({2, 2}, {1, 1}, 1);
       }},
      {"unsqueeze", [](auto& v) { return v[0].unsqueeze(1).squeeze(1); }},
      {"clone", [](auto& v) { return v[0].clone(); }},
      {"contiguous", [](auto& v) { return v[0].t().contiguous(); }},
      {"to", [](auto& v) { return v[0].to(kFloat64, false, true); }},
      {"repeat",
       [](auto& v) {
         return v[0].repeat({2, 1, 2});
       }},
      {"cat",
       [](auto& v) {
         return cat({v[0], v[0] * 2}, 1);
       }},
      {"stack",
       [](auto& v) {
         return stack({v[0], v[0] * 2}, 1);
       }},
      {"write through a view",
       [](auto& v) {
         Tensor y = v[0] * 1;
         y[0].mul_(v[0][1]);
         return y;
       }},
      {"write a column", [](auto& v) {
         Tensor y = v[0] * 2;
         y.t()[1] = v[0].t()[0] * v[0].t()[2];
         return y;
       }}};
  for (const auto& [name, f] : all) {
    check_op(name, f, {in({2, 3})});
    check_op(name, f, {strided({2, 3})});
  }
}

TEST(OpsGrad, Indexing) {
  manual_seed(6);
  const Tensor columns = tensor({{0, 2, 2}, {1, 1, 0}});
  check_op("gather", [&](auto& v) { return gather(v[0], 1, columns); }, {in({2, 3})});
  check_op("gather 0", [&](auto& v) { return gather(v[0], 0, columns.clamp(0, 1)); }, {strided({2, 3})});
  check_op("scatter_add", [&](auto& v) { return scatter_add(v[0], 1, columns, v[1]); },
           {in({2, 3}), in({2, 3})});
  const Tensor rows = tensor({1, 0, 1, 1});
  check_op("index_select", [&](auto& v) { return index_select(v[0], 0, rows); }, {in({2, 3})});
  check_op("index_select 1", [&](auto& v) { return index_select(v[0], 1, rows); }, {strided({2, 3})});
  check_op("index_add", [&](auto& v) { return index_add(v[0], 0, rows, v[1], 2); }, {in({2, 3}), in({4, 3})});
}

TEST(OpsGrad, Count) { std::cout << cases << " cases, each to first and second order\n"; }

}  // namespace
}  // namespace ballast
