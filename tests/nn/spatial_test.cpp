#include <cstdio>
#include <map>

#include "tests/nn/spatial_table.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/ops/ops.h"

namespace ballast::testing {
namespace {

Tensor loss_of(const Tensors& results) {
  Tensor loss;
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (!results[k].requires_grad()) continue;
    const Tensor part =
        results[k]
            .mul(numbers(results[k].sizes(), 90 + static_cast<std::int64_t>(k), false, results[k].dtype()))
            .sum();
    loss = loss.defined() ? loss.add(part) : part;
  }
  return loss;
}

/// The same values, laid out otherwise in memory.
Tensor scattered(const Tensor& t) {
  if (!t.defined() || t.dim() == 0) return t;
  Dims order;
  for (std::int64_t d = t.dim(); d-- > 0;) order.push_back(d);
  Tensor turned = stack({t.permute(order), t.permute(order)}, 0).select(0, 1).permute(order);
  return turned;
}

void expect_golden(const SpatialCase& c, DType dtype, bool scatter) {
  const double tolerance = dtype == kFloat64 ? 1e-10 : 1e-5;
  const Tensors in = c.inputs(dtype);
  Tensors given = in;
  if (scatter) {
    for (Tensor& t : given) {
      if (t.defined() && t.requires_grad()) t = scattered(t);
    }
  }
  const Tensors results = c.run(given);
  const std::vector<Tensor> golden = kept(c.json, "results");
  ASSERT_EQ(results.size(), golden.size());
  for (std::size_t k = 0; k < results.size(); ++k)
    EXPECT_LE(difference(results[k], golden[k]), tolerance) << "result " << k << " of " << c.name();
  const auto grads = autograd::grad({loss_of(results)}, SpatialCase::wanted(in));
  const std::vector<Tensor> golden_grads = kept(c.json, "grads");
  ASSERT_TRUE(grads.size() == golden_grads.size() || !c.json.contains("grads"));
  for (std::size_t k = 0; k < golden_grads.size(); ++k) {
    EXPECT_LE(difference(grads[k], golden_grads[k]), tolerance) << "gradient " << k << " of " << c.name();
    EXPECT_EQ(grads[k].dtype(), dtype);
  }
  const std::vector<Tensor> after = kept(c.json, "after");
  for (std::size_t k = 0; k < after.size(); ++k) {
    EXPECT_LE(difference(in[in.size() - after.size() + k], after[k]), tolerance)
        << "statistics of " << c.name();
  }
}

void report(const char* what, std::size_t cases) { std::printf("%s: %zu cases\n", what, cases); }

TEST(Spatial, ResultsAndGradientsAreGolden) {
  const auto cases = spatial_cases();
  ASSERT_GT(cases.size(), 500U);
  for (const DType dtype : {kFloat64, kFloat32}) {
    for (const bool scatter : {false, true}) {
      for (const SpatialCase& c : cases) expect_golden(c, dtype, scatter);
    }
  }
  report("golden results and gradients, in two types and two layouts", cases.size());
}

/// The function of the inputs that require grad, giving what can be differentiated. Running statistics are
/// copied: each call
/// would change them.
autograd::DifferentiableFunction function_of(const SpatialCase& c, const Tensors& in) {
  return [&c, in](const autograd::variable_list& wanted) {
    Tensors all;
    std::size_t next = 0;
    for (const Tensor& t : in) {
      all.push_back(t.defined() && t.requires_grad() ? wanted[next++] : t.defined() ? t.clone() : t);
    }
    Tensors results = c.run(all);
    std::erase_if(results, [](const Tensor& t) { return !t.is_floating_point(); });
    return results;
  };
}

std::int64_t elements(const Tensors& in) {
  std::int64_t n = 0;
  for (const Tensor& t : in) n += t.defined() ? t.numel() : 0;
  return n;
}

TEST(Spatial, Gradcheck) {
  std::size_t count = 0;
  for (const SpatialCase& c : spatial_cases()) {
    const Tensors in = c.inputs(kFloat64);
    if (elements(in) > 120) continue;
    EXPECT_NO_THROW(autograd::gradcheck(function_of(c, in), SpatialCase::wanted(in))) << c.name();
    ++count;
  }
  report("gradcheck", count);
}

TEST(Spatial, Gradgradcheck) {
  std::size_t count = 0;
  std::map<std::string, int> by_op;
  for (const SpatialCase& c : spatial_cases()) {
    const Tensors in = c.inputs(kFloat64);
    if (elements(in) > 160 || (elements(in) > 60 && by_op[c.op] >= 12)) continue;
    ++by_op[c.op];
    EXPECT_NO_THROW(autograd::gradgradcheck(function_of(c, in), SpatialCase::wanted(in))) << c.name();
    ++count;
  }
  report("gradgradcheck", count);
}

/// Where the backward pass is to be differentiated, it takes another way: both must give the same.
TEST(Spatial, FusedGradientsAreThoseOfTheFormulas) {
  std::size_t count = 0;
  for (const DType dtype : {kFloat64, kFloat32}) {
    for (const SpatialCase& c : spatial_cases()) {
      const Tensors in = c.inputs(dtype);
      const Tensors wanted = SpatialCase::wanted(in);
      const Tensor loss = loss_of(function_of(c, in)(wanted));
      const auto fused = autograd::grad({loss}, wanted, {}, true);
      const auto formula = autograd::grad({loss}, wanted, {}, true, true);
      for (std::size_t k = 0; k < fused.size(); ++k) {
        EXPECT_LE(difference(fused[k], formula[k].detach().to(kFloat64)), dtype == kFloat64 ? 1e-12 : 1e-5)
            << c.name();
      }
      ++count;
    }
  }
  report("fused gradients against formulas", count);
}

/// float16 and bfloat16 are computed in float32 and rounded once at the end.
TEST(Spatial, HalfTypesAreFloat32Rounded) {
  std::size_t count = 0;
  for (const DType dtype : {kFloat16, kBFloat16}) {
    for (const SpatialCase& c : spatial_cases()) {
      if (c.op == "lp_pool1d" || c.op == "lp_pool2d" || c.op == "lp_pool3d" ||
          c.op == "local_response_norm" || c.op == "cross_map_lrn" || c.op.starts_with("fractional") ||
          c.op == "instance_norm" || (c.op == "rms_norm" && c.json["args"]["eps"].is_null())) {
        continue;  // made of several operations, or with numbers that depend on the type
      }
      const NoGradGuard no_grad;
      Tensors half, wide;
      for (const Tensor& t : c.inputs(kFloat32)) {
        half.push_back(t.defined() ? t.to(dtype) : t);
        wide.push_back(t.defined() ? half.back().to(kFloat32) : t);
      }
      const Tensors a = c.run(half), b = c.run(wide);
      for (std::size_t k = 0; k < a.size(); ++k) {
        if (!a[k].is_floating_point()) continue;
        EXPECT_EQ(a[k].dtype(), dtype);
        EXPECT_TRUE(a[k].equal(b[k].to(dtype))) << c.name();
      }
      ++count;
    }
  }
  report("float16 and bfloat16", count);
}

}  // namespace
}  // namespace ballast::testing
