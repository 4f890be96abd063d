// nn::functional against PyTorch: values, gradients, names of nodes; and against differences.
#include <cmath>
#include <cstdio>

#include "tests/nn/function_cases.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/autograd/autograd.h"
#include "ballast/core/cpu.h"
#include "ballast/nn/functional.h"
#include "ballast/ops/arithmetic.h"
#include "ballast/ops/factories.h"

namespace ballast {
namespace {

using testing::call_function;
using testing::describe;
using testing::function_cases;
using testing::Inputs;
using testing::inputs_of;
using testing::Json;
using testing::tensor_of;

/// The largest |got - want|, in units of tolerance (|want| + floor); infinite where they differ in shape, NaN or infinity.
double distance(const Tensor& got, const Tensor& want, double tolerance, double floor) {
  if (got.sizes() != want.sizes() || got.dtype() != want.dtype()) return INFINITY;
  const Tensor a = got.to(kFloat64).contiguous();
  const Tensor b = want.to(kFloat64).contiguous();
  double worst = 0;
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data_ptr<double>()[i];
    const double y = b.data_ptr<double>()[i];
    if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
    const double d = std::abs(x - y) / (tolerance * (std::abs(y) + floor));
    worst = std::max(worst, std::isnan(d) ? INFINITY : d);
  }
  return worst;
}

/// Marks the inputs whose gradients a case has, and gives them in that order.
std::vector<Tensor> differentiable(const Json& c, Inputs& inputs) {
  std::vector<Tensor> wanted;
  for (const auto& name : c["wants"]) {
    inputs.at(name.get<std::string>()).requires_grad_();
    wanted.push_back(inputs.at(name.get<std::string>()));
  }
  return wanted;
}

/// "MulBackward" of "MulBackward0": the number tells tensors from scalars as operands. Of losses one by one that stand in a
/// view (of three dimensions, or of more than four), PyTorch names the view.
std::string kind_of_node(std::string name) {
  name.pop_back();
  return name == "ViewBackward" ? "NllLoss2DBackward" : name;
}

TEST(FunctionsGolden, ValuesAndGradientsAreThoseOfPyTorch) {
  std::size_t compared = 0;
  double worst[2] = {0, 0};
  for (const Json& c : function_cases()) {
    for (const bool wide : {true, false}) {
      SCOPED_TRACE(describe(c) + (wide ? " f64" : " f32"));
      const Json& want = c[wide ? "f64" : "f32"];
      Inputs inputs = inputs_of(c, wide ? kFloat64 : kFloat32);
      const std::vector<Tensor> wanted = differentiable(c, inputs);
      const Tensor out = call_function(c, inputs);
      // Numbers near zero come of sums of numbers near one, and numbers of a hundred and more of such.
      double scale = 1;
      for (const auto& [name, t] : inputs) {
        if (!t.is_floating_point() || t.numel() == 0) continue;
        const double most = t.detach().abs().max().item<double>();
        if (std::isfinite(most)) scale = std::max(scale, most);
      }
      // PyTorch's gradient of hardsigmoid takes 1/6 from float.
      const double tolerance = !wide ? 1e-5 : c["fn"] == "hardsigmoid" ? 1e-7 : 1e-10;
      const double floor = (wide ? 1e-4 : 0.1) * scale;
      const double of_value = distance(out, tensor_of(want["out"]), tolerance, floor);
      EXPECT_LE(of_value, 1) << out.repr() << "\n" << tensor_of(want["out"]).repr();
      worst[wide ? 0 : 1] = std::max(worst[wide ? 0 : 1], of_value);
      ++compared;
      if (wanted.empty()) continue;
      EXPECT_EQ(kind_of_node(out.grad_fn()->name()), kind_of_node(c["node"].get<std::string>()));
      const auto grads = autograd::grad({out}, wanted, {tensor_of(c["seed"]).to(out.dtype())});
      for (std::size_t i = 0; i < grads.size(); ++i) {
        const Tensor expected = tensor_of(want["grad"][i]);
        const double of_gradient = distance(grads[i], expected, tolerance, floor);
        EXPECT_LE(of_gradient, 1) << i << grads[i].repr() << "\n" << expected.repr();
        worst[wide ? 0 : 1] = std::max(worst[wide ? 0 : 1], of_gradient);
        ++compared;
      }
    }
  }
  std::printf(
      "%zu cases, %zu tensors compared; the largest distance is %.3f (f64) and %.3f (f32) of what is "
      "allowed\n",
      function_cases().size(), compared, worst[0], worst[1]);
}

/// The same values, one element after the other in the reverse order of dimensions.
Tensor turned_around(const Tensor& t) {
  Dims order;
  for (std::int64_t d = t.dim(); d-- > 0;) order.push_back(d);
  return t.permute(order).contiguous().permute(order);
}

TEST(FunctionsGolden, MemoryOrderMakesNoDifference) {
  std::size_t compared = 0;
  for (const Json& c : function_cases()) {
    SCOPED_TRACE(describe(c));
    Inputs plain = inputs_of(c, kFloat64);
    Inputs turned;
    Inputs spread;
    for (const auto& [name, t] : plain) {
      turned.emplace(name, turned_around(t));
      // Every second element of a longer row.
      Dims sizes(t.sizes());
      sizes.push_back(2);
      const Tensor room = zeros(sizes, t.options());
      room.select(-1, 0).copy_(t);
      spread.emplace(name, room.select(-1, 0));
    }
    const std::vector<Tensor> wanted = differentiable(c, plain);
    const Tensor seed = tensor_of(c["seed"]);
    const Tensor out = call_function(c, plain);
    const auto grads = autograd::grad({out}, wanted, {seed});
    for (Inputs* const other : {&turned, &spread}) {
      const std::vector<Tensor> of_other = differentiable(c, *other);
      const Tensor again = call_function(c, *other);
      EXPECT_LE(distance(again, out, 1e-13, 1), 1);
      const auto other_grads = autograd::grad({again}, of_other, {turned_around(seed)});
      for (std::size_t i = 0; i < grads.size(); ++i)
        EXPECT_LE(distance(other_grads[i], grads[i], 1e-12, 1), 1);
      compared += 1 + grads.size();
    }
  }
  std::printf("%zu tensors compared\n", compared);
}

TEST(FunctionsGolden, EveryInstructionSetGivesTheSameBits) {
  std::size_t compared = 0;
  std::vector<std::string> bits;
  const SimdLevel best = best_simd_level();
  for (const SimdLevel level : {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512}) {
    if (level > best) continue;
    set_simd_level(level);
    std::size_t at = 0;
    for (const Json& c : function_cases()) {
      for (const DType dtype : {kFloat32, kFloat64}) {
        Inputs inputs = inputs_of(c, dtype);
        const std::vector<Tensor> wanted = differentiable(c, inputs);
        const Tensor out = call_function(c, inputs);
        std::string all = testing::bytes_of(out.detach());
        for (const Tensor& g : autograd::grad({out}, wanted, {tensor_of(c["seed"]).to(out.dtype())})) {
          all += testing::bytes_of(g);
        }
        if (level == SimdLevel::kBaseline) {
          bits.push_back(all);
        } else {
          EXPECT_EQ(all == bits[at], true) << describe(c);
          ++compared;
        }
        ++at;
      }
    }
  }
  set_simd_level(best);
  std::printf("%zu results and their gradients compared\n", compared);
}

TEST(FunctionsGradcheck, GradientsAreThoseOfDifferences) {
  std::size_t once = 0;
  std::size_t twice = 0;
  for (const Json& c : function_cases()) {
    if (!c["check"].get<bool>()) continue;
    SCOPED_TRACE(describe(c));
    for (const bool turned : {false, true}) {
      Inputs inputs = inputs_of(c, kFloat64);
      std::int64_t elements = 0;
      for (auto& [name, t] : inputs) {
        if (turned) t = turned_around(t);
        elements += t.numel();
      }
      const std::vector<Tensor> wanted = differentiable(c, inputs);
      const auto f = [&](const autograd::variable_list& in) {
        Inputs used = inputs;
        for (std::size_t i = 0; i < in.size(); ++i) used.at(c["wants"][i].get<std::string>()) = in[i];
        return autograd::variable_list{call_function(c, used)};
      };
      EXPECT_NO_THROW(autograd::gradcheck(f, wanted));
      ++once;
      // Those PyTorch cannot differentiate twice: here all but ctc_loss.
      if (c["fn"] == "ctc_loss" || elements > 60) continue;
      EXPECT_NO_THROW(autograd::gradgradcheck(f, wanted));
      ++twice;
    }
  }
  std::printf("gradcheck on %zu cases, gradgradcheck on %zu\n", once, twice);
}

}  // namespace
}  // namespace ballast
