// Every optimiser, step by step from given gradients, and LBFGS on Rosenbrock's function: tests/data/optim.
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/optim/make_optimizer.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

double tolerance(DType dtype) { return dtype == kFloat64 ? 1e-12 : 1e-6; }

std::vector<optim::OptimizerParamGroup> group_of(const std::vector<Tensor>& params) { return {params}; }

TEST(UpdateGolden, EveryStepAgreesWithPyTorch) {
  const Json table = read_json("optim/updates.json");
  const std::map<std::string, Tensor> arrays = read_npz("optim/updates.npz");
  int steps = 0;
  int states = 0;
  double worst32 = 0;
  double worst64 = 0;
  for (std::size_t n = 0; n < table["cases"].size(); ++n) {
    const Json& c = table["cases"][n];
    for (const auto& [name, dtype] : {std::pair{"f32", kFloat32}, std::pair{"f64", kFloat64}}) {
      SCOPED_TRACE(c.dump() + " " + name);
      const std::string key = std::to_string(n) + "/" + name;
      const Problem problem(dtype);
      const auto optimizer = make_optimizer(c["class"], c["arguments"], group_of(problem.params));
      for (std::int64_t s = 0; s < table["steps"]; ++s, ++steps) {
        problem.set_grads(s);
        optimizer->step();
        const double d = relative_difference(flat(problem.params), arrays.at(key + "/steps")[s]);
        EXPECT_LE(d, tolerance(dtype)) << "after step " << s;
        double& worst = dtype == kFloat64 ? worst64 : worst32;
        worst = std::max(worst, d);
      }
      const OptimizerStateDict dict = optimizer->state_dict();
      std::map<std::string, std::vector<Tensor>> by_name;
      for (const auto& [number, entries] : dict.state) {
        for (const auto& [k, v] : entries) by_name[k].push_back(std::get<Tensor>(v));
      }
      for (const auto& [k, tensors] : by_name) {
        ASSERT_EQ(tensors.size(), problem.params.size()) << k;
        ASSERT_TRUE(arrays.contains(key + "/state/" + k)) << k;
        const Tensor& expected = arrays.at(key + "/state/" + k);
        EXPECT_EQ(flat(tensors).dtype(), expected.dtype()) << k;
        EXPECT_LE(relative_difference(flat(tensors), expected), tolerance(dtype)) << k;
        ++states;
      }
      for (const auto& [array, unused] : arrays) {
        EXPECT_TRUE(!array.starts_with(key + "/state/") || by_name.contains(array.substr(key.size() + 7)))
            << array;
      }
    }
  }
  std::cout << "[ cases ] " << table["cases"].size() << " optimisers, float and double: " << steps
            << " steps, " << states << " kinds of state; largest relative difference " << worst32
            << " (float), " << worst64 << " (double)\n";
}

Tensor rosenbrock(const Tensor& x) {
  const Tensor a = x.slice(0, 0, 3);
  const Tensor rest = x.slice(0, 1, 4) - a * a;
  return (100 * rest * rest).sum() + ((1 - a) * (1 - a)).sum();
}

TEST(LbfgsGolden, StepsAgreeWithPyTorch) {
  int cases = 0;
  double worst64 = 0;
  for (const Json& c : read_json("optim/lbfgs.json")) {
    SCOPED_TRACE(c["dtype"].get<std::string>() + " " + c["arguments"].dump());
    const DType dtype = c["dtype"] == "float64" ? kFloat64 : kFloat32;
    const Tensor x = tensor({-1.25, 1.0, 0.5, -0.75}, TensorOptions(dtype));
    x.requires_grad_();
    const auto optimizer = make_optimizer("LBFGS", c["arguments"], group_of({x}));
    for (std::size_t s = 0; s < c["x"].size(); ++s) {
      const Tensor loss = optimizer->step([&] {
        optimizer->zero_grad();
        Tensor l = rosenbrock(x);
        l.backward();
        return l;
      });
      const Tensor expected = tensor(c["x"][s].get<std::vector<double>>(), TensorOptions(kFloat64));
      const double d = relative_difference(x, expected);
      if (dtype == kFloat64) {
        EXPECT_LE(d, 1e-9) << "after step " << s;
        EXPECT_NEAR(loss.item<double>(), c["losses"][s].get<double>(), 1e-9);
        worst64 = std::max(worst64, d);
      } else if (s == 0 && c["arguments"].contains("max_iter")) {
        // Each iteration multiplies the rounding by the condition of the problem (about 2500): of runs in
        // float, the first step is compared where it has few iterations.
        EXPECT_LE(d, 1e-4);
      }
    }
    const auto& state = static_cast<const optim::LBFGSParamState&>(*optimizer->state().begin()->second);
    if (dtype == kFloat64) {
      EXPECT_EQ(state.n_iter(), c["n_iter"].get<std::int64_t>());
      EXPECT_EQ(state.func_evals(), c["func_evals"].get<std::int64_t>());
      EXPECT_EQ(state.old_dirs().size(), c["remembered"].get<std::size_t>());
    }
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " runs of LBFGS; largest relative difference " << worst64
            << " (double)\n";
}

}  // namespace
}  // namespace ballast::testing
