// State dicts: files of PyTorch's optimisers taken and continued, our files taken by PyTorch, and what is
// refused.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/optim/make_optimizer.h"
#include "tests/optim/temporary_folder.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/optimizer_state.h"
#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

using checkpoint::Value;
using optim::OptimizerParamGroup;

Tensor rosenbrock(const Tensor& x) {
  const Tensor a = x.slice(0, 0, 3);
  const Tensor rest = x.slice(0, 1, 4) - a * a;
  return (100 * rest * rest).sum() + ((1 - a) * (1 - a)).sum();
}

/// The optimiser of a row of states.json, over fresh parameters with the values that they had when the file
/// was written.
struct Case {
  explicit Case(const Json& row) : problem(kFloat32) {
    const Tensor before = tensor(row["before"].get<std::vector<double>>(), TensorOptions(kFloat32));
    if (row["class"] == "LBFGS") {
      problem.params = {before.clone().requires_grad_()};
      optimizer = make_optimizer("LBFGS", row["arguments"], {problem.params});
      return;
    }
    std::int64_t at = 0;
    for (Tensor& p : problem.params) {
      const std::int64_t n = p.numel();
      p = before.slice(0, at, at + n).reshape(p.sizes()).clone().requires_grad_();
      at += n;
    }
    optimizer =
        make_optimizer(row["class"], row["arguments"],
                       {OptimizerParamGroup({problem.params[0]}),
                        OptimizerParamGroup({problem.params[1], problem.params[2], problem.params[3]})});
  }
  void continue_training() const {
    if (problem.params.size() == 1) {
      optimizer->step([&] {
        optimizer->zero_grad();
        Tensor loss = rosenbrock(problem.params[0]);
        loss.backward();
        return loss;
      });
      return;
    }
    for (std::int64_t s = 3; s < 6; ++s) {
      problem.set_grads(s);
      optimizer->step();
    }
  }

  Problem problem;
  std::unique_ptr<optim::Optimizer> optimizer;
};

OptimizerStateDict load_state(const std::string& path) { return to_optimizer_state(load(path).root()); }

TEST(StateDict, FilesOfPyTorchAreContinued) {
  int files = 0;
  double worst = 0;
  for (const Json& row : read_json("optim/states.json")) {
    SCOPED_TRACE(row["file"].get<std::string>());
    const Case c(row);
    c.optimizer->load_state_dict(load_state(data_path("optim/" + row["file"].get<std::string>())));
    c.continue_training();
    const Tensor expected = tensor(row["after"].get<std::vector<double>>(), TensorOptions(kFloat64));
    const double d = relative_difference(flat(c.problem.params), expected);
    EXPECT_LE(d, row["class"] == "LBFGS" ? 1e-4 : 1e-6);
    worst = std::max(worst, d);
    ++files;
  }
  std::cout << "[ cases ] " << files << " files of PyTorch continued; largest relative difference " << worst
            << '\n';
}

/// Everything of a state dict as text, tensors by their bytes.
std::string text_of_value(const OptimizerValue& v) {
  if (const auto* const t = v.get_if<Tensor>()) {
    return fmt::format("tensor({}, {}, {})", dtype_name(t->dtype()), t->numel(), to_hex(bytes_of(*t)));
  }
  if (const auto* const list = v.get_if<OptimizerSequence>()) {
    std::string out = list->is_tuple ? "(" : "[";
    for (const OptimizerValue& item : list->items) out += text_of_value(item) + ",";
    return out;
  }
  if (const auto* const d = v.get_if<double>()) return fmt::format("{}", *d);
  if (const auto* const i = v.get_if<std::int64_t>()) return fmt::format("{}", *i);
  if (const auto* const b = v.get_if<bool>()) return *b ? "True" : "False";
  if (const auto* const s = v.get_if<std::string>()) return "'" + *s + "'";
  return "None";
}

/// In the order of names: a group of PyTorch's has its own options first.
std::string text_of_entries(const OptimizerStateDict::Entries& entries) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, v] : entries) sorted[name] = text_of_value(v);
  std::string out;
  for (const auto& [name, text] : sorted) out += name + "=" + text + "; ";
  return out;
}

std::string text_of_state(const OptimizerStateDict& dict) {
  std::string out;
  for (const auto& [number, entries] : dict.state) {
    out += fmt::format("{}: {}\n", number, text_of_entries(entries));
  }
  for (const auto& g : dict.param_groups)
    out += fmt::format("{} {}\n", text_of_entries(g.options), fmt::join(g.params, ","));
  return out;
}

TEST(StateDict, WhatWasTakenIsWhatIsGivenBack) {
  int files = 0;
  for (const Json& row : read_json("optim/states.json")) {
    SCOPED_TRACE(row["file"].get<std::string>());
    const Case c(row);
    const OptimizerStateDict saved = load_state(data_path("optim/" + row["file"].get<std::string>()));
    c.optimizer->load_state_dict(saved);
    if (row["class"] != "LBFGS") {  // whose H_diag and t are tensors or numbers, as it happens
      EXPECT_EQ(text_of_state(c.optimizer->state_dict()), text_of_state(saved));
    }
    ++files;
  }
  std::cout << "[ cases ] " << files << " files of PyTorch taken and given back\n";
}

TEST(StateDict, AFreshOptimizerHasPyTorchsGroups) {
  // Keys and values of the groups, in order, against those of the files (whose schedules add "initial_lr").
  int groups = 0;
  for (const Json& row : read_json("optim/states.json")) {
    SCOPED_TRACE(row["file"].get<std::string>());
    const Case c(row);
    const OptimizerStateDict dict = c.optimizer->state_dict();
    const Json& expected = row["groups"][0];
    std::vector<std::string> keys;
    for (const auto& [name, v] : dict.param_groups[0].options) keys.push_back(name);
    std::vector<std::string> wanted;
    for (const auto& [name, v] : expected.items()) {
      if (name != "initial_lr") wanted.push_back(name);
    }
    EXPECT_EQ(keys, wanted);
    ++groups;
  }
  std::cout << "[ cases ] " << groups << " groups\n";
}

TEST(StateDict, PyTorchContinuesOurFiles) {
  if (std::system("python3 -c 'import torch' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: torch not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  Json rows = Json::array();
  for (const Json& row : read_json("optim/states.json")) {
    const Case c(row);
    c.optimizer->load_state_dict(load_state(data_path("optim/" + row["file"].get<std::string>())));
    save(c.optimizer->state_dict(), folder.path() / row["file"].get<std::string>(), {.fsync = false});
    rows.push_back(row);
  }
  std::ofstream(folder.path() / "states.json") << rows.dump();
  std::ofstream(folder.path() / "check.py") << R"(
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[2])
from gen import optimfix
import torch
start, grads = optimfix.problem()
for row in json.load(open(sys.argv[1] + "/states.json")):
    saved = torch.load(sys.argv[1] + "/" + row["file"], weights_only=True)
    theirs = torch.load(sys.argv[2] + "/optim/" + row["file"], weights_only=True)
    assert list(saved) == ["state", "param_groups"], saved
    if row["class"] != "LBFGS":
        assert saved["param_groups"] == theirs["param_groups"], row["file"]
        assert list(saved["state"]) == list(theirs["state"]), row["file"]
        for k, s in saved["state"].items():
            assert list(s) == list(theirs["state"][k]), (row["file"], list(s), list(theirs["state"][k]))
            for n, t in s.items():
                o = theirs["state"][k][n]
                assert t.dtype == o.dtype and t.shape == o.shape and torch.equal(t, o), (row["file"], k, n)
    values, params = torch.tensor(row["before"]), []
    if row["class"] == "LBFGS":
        params = [values.clone().requires_grad_()]
        opt = torch.optim.LBFGS(params, **row["arguments"])
        opt.load_state_dict(saved)
        def closure():
            opt.zero_grad()
            loss = optimfix.rosenbrock(params[0])
            loss.backward()
            return loss
        opt.step(closure)
        bound = 1e-4
    else:
        for s in start:
            params.append(torch.nn.Parameter(values[: s.numel()].reshape(s.shape).clone()))
            values = values[s.numel():]
        groups = [{"params": params[:1]}, {"params": params[1:]}]
        opt = getattr(torch.optim, row["class"])(groups, **row["arguments"])
        opt.load_state_dict(saved)
        for s in range(3, 6):
            optimfix.set_grads(params, grads, s)
            opt.step()
        bound = 1e-6
    after = torch.tensor(row["after"])
    assert float((optimfix.flat(params) - after).abs().max() / after.abs().max()) <= bound, row["file"]
)";
  const std::string command = "python3 '" + (folder.path() / "check.py").string() + "' '" +
                              folder.path().string() + "' '" + data_path("") + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::cout << "[ cases ] " << rows.size() << " files continued by PyTorch with weights_only=True\n";
}

optim::Adam stepped_adam(const Problem& problem) {
  optim::Adam adam(problem.params, 0.01);
  problem.set_grads(0);
  adam.step();
  return adam;
}

TEST(StateDict, WhatDoesNotFitIsRefusedAndChangesNothing) {
  const Problem problem(kFloat32);
  optim::Adam adam = stepped_adam(problem);
  const OptimizerStateDict good = adam.state_dict();
  const std::string before = text_of_state(good);
  int cases = 0;
  const auto refused = [&](auto change) {
    OptimizerStateDict bad = good;
    change(bad);
    std::string text = text_of([&] { adam.load_state_dict(bad); });
    EXPECT_EQ(text_of_state(adam.state_dict()), before) << text;
    ++cases;
    return text;
  };
  EXPECT_EQ(refused([](auto& d) { d.param_groups.clear(); }),
            "loaded state dict has a different number of parameter groups: 0 instead of 1");
  EXPECT_EQ(refused([](auto& d) { d.param_groups[0].params.pop_back(); }),
            "loaded state dict contains a parameter group that has a different size than the optimizer's "
            "parameter group: 3 instead of 4 parameters in group 0");
  EXPECT_EQ(refused([](auto& d) { d.param_groups[0].options.erase("lr"); }),
            "parameter group 0 of the loaded state dict has no 'lr'");
  EXPECT_EQ(refused([](auto& d) { d.param_groups[0].options["lr"] = "fast"; }),
            "the optimizer entry 'lr' must be a number");
  EXPECT_EQ(refused([](auto& d) { d.param_groups[0].options["lr"] = -0.5; }), "Invalid learning rate: -0.5");
  EXPECT_EQ(refused([](auto& d) { d.param_groups[0].options["betas"] = 0.9; }),
            "the optimizer entry 'betas' must be a pair of numbers");
  EXPECT_EQ(refused([](auto& d) { d.param_groups[0].options["decoupled_weight_decay"] = true; }),
            "parameter group 0 of the loaded state dict is of another kind of optimizer: its "
            "'decoupled_weight_decay' differs");
  EXPECT_EQ(refused([](auto& d) { d.state[1].first = 9; }),
            "the loaded state dict has a state for parameter 9, which is in none of its groups");
  EXPECT_EQ(refused([](auto& d) { d.state[1].second.insert("square_avg", zeros({7})); }),
            "the loaded state of parameter 1 has 'square_avg', which this kind of optimizer does not keep");
  EXPECT_EQ(refused([](auto& d) { d.state[1].second["exp_avg"] = zeros({8}); }),
            "the loaded state of parameter 1 does not fit: 'exp_avg' has shape [8] and the parameter [7]");
  EXPECT_EQ(refused([](auto& d) { d.state[1].second["exp_avg"] = "text"; }),
            "the optimizer entry 'exp_avg' must be a tensor");
  EXPECT_EQ(refused([](auto& d) { d.state[1].second["step"] = zeros({2}); }),
            "the optimizer entry 'step' must be a number");
  std::cout << "[ cases ] " << cases << " state dicts refused\n";
}

TEST(StateDict, TreesThatAreNoStateAreRefused) {
  const auto refused = [](const Value& v) {
    return text_of<Error>([&] { static_cast<void>(to_optimizer_state(v)); });
  };
  EXPECT_EQ(refused(Value(3)), "the root of the optimizer's state must be a dict, but is an int");
  Value v = Value::dict();
  EXPECT_EQ(refused(v), "not the state of an optimizer: it has no 'state'");
  v.set("state", Value::dict());
  EXPECT_EQ(refused(v), "not the state of an optimizer: it has no 'param_groups'");
  v.set("param_groups", Value::list({Value::dict()}));
  EXPECT_EQ(refused(v), "param_groups[0] of the optimizer's state has no 'params'");
  Value group = Value::dict();
  group.set("params", Value::list({Value("a")}));
  v.set("param_groups", Value::list({group}));
  EXPECT_EQ(refused(v),
            "param_groups[0]['params'] of the optimizer's state must be a list of ints, but is a str");
  Value state = Value::dict();
  state.set("weight", Value::dict());
  v.set("state", state);
  EXPECT_EQ(refused(v), "a state of the optimizer stands under a str, not under the number of a parameter");
}

TEST(StateDict, TensorsAreCopiedToTheTypeOfTheirParameter) {
  const Problem single(kFloat32);
  const OptimizerStateDict saved = stepped_adam(single).state_dict();
  const Problem twice(kFloat64);
  optim::Adam adam(twice.params, 0.01);
  adam.load_state_dict(saved);
  const OptimizerStateDict taken = adam.state_dict();
  const Tensor& mean = *taken.state[0].second["exp_avg"].get_if<Tensor>();
  const Tensor& theirs = *saved.state[0].second["exp_avg"].get_if<Tensor>();
  EXPECT_EQ(mean.dtype(), kFloat64);
  EXPECT_TRUE(mean.equal(theirs));
  mean.fill_(3);
  EXPECT_FALSE(mean.equal(theirs));
}

}  // namespace
}  // namespace ballast::testing
