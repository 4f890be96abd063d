// Nets trained for five steps by every optimiser of tests/data/grads/optimisers.json: parameters after each
// step, losses, states.
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/optim/make_optimizer.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

using Arrays = std::map<std::string, Tensor>;

/// A Sequential of Linear and Tanh in turns, as the names of the parameters say; the tied net uses its middle
/// layer twice.
Tensor forward(const std::map<std::string, Tensor>& params, bool tied, const Tensor& x) {
  const auto layer = [&](int at, const Tensor& in) {
    const std::string name = std::to_string(at);
    return in.matmul(params.at(name + ".weight").t()) + params.at(name + ".bias");
  };
  Tensor h = layer(0, x).tanh();
  if (!tied) return layer(2, h);
  h = layer(2, h).tanh();
  h = layer(2, h).tanh();
  return layer(6, h);
}

TEST(TrainingGolden, EveryStepAgreesWithPyTorch) {
  const Arrays arrays = read_npz("grads/optimisers.npz");
  int cases = 0;
  int steps = 0;
  double worst32 = 0;
  double worst64 = 0;
  for (const Json& c : read_json("grads/optimisers.json")) {
    const std::string model = c["model"];
    for (const auto& [dt, dtype] : {std::pair{"f32", kFloat32}, std::pair{"f64", kFloat64}}) {
      const std::string key = model + "/" + c["name"].get<std::string>() + "/" + dt;
      SCOPED_TRACE(key);
      const std::string start = model + "/start/";
      std::map<std::string, Tensor> params;
      for (const auto& [name, value] : arrays) {
        if (!name.starts_with(start)) continue;
        params[name.substr(start.size())] = value.to(kCPU, dtype, false, true).requires_grad_();
      }
      // In the order of named_parameters(): weights before biases.
      std::vector<std::string> names;
      for (const char* const layer : {"0", "2", "6"}) {
        for (const char* const kind : {".weight", ".bias"}) {
          if (params.contains(std::string(layer) + kind)) names.push_back(std::string(layer) + kind);
        }
      }
      std::vector<Tensor> list;
      for (const std::string& name : names) list.push_back(params.at(name));
      const auto optimizer = make_optimizer(c["class"], c["arguments"], {list});
      const Tensor x = arrays.at(model + "/input").to(dtype);
      const Tensor target = arrays.at(model + "/target").to(dtype);
      for (int s = 1; s <= c["steps"]; ++s, ++steps) {
        optimizer->zero_grad();
        const Tensor difference = forward(params, model == "tied", x) - target;
        const Tensor loss = (difference * difference).mean();
        loss.backward();
        optimizer->step();
        const double tolerance = dtype == kFloat64 ? 1e-10 : 1e-5;
        EXPECT_LE(relative_difference(loss.reshape({1}), arrays.at(key + "/losses")[s - 1].reshape({1})),
                  tolerance);
        for (const std::string& name : names) {
          const double d =
              relative_difference(params.at(name), arrays.at(key + "/step" + std::to_string(s) + "/" + name));
          EXPECT_LE(d, tolerance) << name << " after step " << s;
          double& worst = dtype == kFloat64 ? worst64 : worst32;
          worst = std::max(worst, d);
        }
      }
      if (dtype == kFloat32) {
        for (const auto& [number, entries] : optimizer->state_dict().state) {
          std::vector<std::string> keys;
          for (const auto& [k, v] : entries) {
            keys.push_back(k);
            const Tensor& expected = arrays.at(key + "/state/" + std::to_string(number) + "/" + k);
            EXPECT_LE(relative_difference(std::get<Tensor>(v), expected), 1e-5) << number << " " << k;
          }
          EXPECT_EQ(Json(keys), c["state_keys"].at(std::to_string(number)));
        }
        EXPECT_EQ(optimizer->state_dict().state.size(), c["state_keys"].size());
      }
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " trainings of " << steps
            << " steps together; largest relative difference " << worst32 << " (float), " << worst64
            << " (double)\n";
}

}  // namespace
}  // namespace ballast::testing
