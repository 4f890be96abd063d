// Fifty steps of every schedule against tests/data/optim/schedules.json, to the last bits.
#include <bit>
#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "tests/optim/make_optimizer.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

using namespace optim;  // NOLINT(google-build-using-namespace)

std::vector<double> list_of(const Json& v) {
  return v.is_number() ? std::vector<double>{v.get<double>()} : v.get<std::vector<double>>();
}

/// A schedule as a row of the table names it, and its step.
struct Scheduled {
  std::shared_ptr<LRScheduler> schedule;
  std::shared_ptr<ReduceLROnPlateau> plateau;

  Scheduled(Optimizer& o, const std::string& name, const Json& a) {
    if (name == "StepLR")
      schedule = std::make_shared<StepLR>(o, a["step_size"].get<unsigned>(), a.value("gamma", 0.1));
    if (name == "MultiStepLR") {
      schedule = std::make_shared<MultiStepLR>(o, a["milestones"].get<std::vector<std::int64_t>>(),
                                               a.value("gamma", 0.1));
    }
    if (name == "ExponentialLR") schedule = std::make_shared<ExponentialLR>(o, a["gamma"].get<double>());
    if (name == "CosineAnnealingLR") {
      schedule =
          std::make_shared<CosineAnnealingLR>(o, a["T_max"].get<std::int64_t>(), a.value("eta_min", 0.0));
    }
    if (name == "LinearLR") {
      schedule = std::make_shared<LinearLR>(o, a.value("start_factor", 1.0 / 3), a.value("end_factor", 1.0),
                                            a.value("total_iters", std::int64_t{5}));
    }
    if (name == "LambdaLR") {
      schedule = std::make_shared<LambdaLR>(
          o, std::vector<LambdaLR::Function>{
                 [](std::int64_t e) { return std::pow(0.95, static_cast<double>(e)); },
                 [](std::int64_t e) { return 1.0 / static_cast<double>(1 + e); }});
    }
    if (name == "OneCycleLR") {
      OneCycleLROptions c{.max_lr = list_of(a["max_lr"]), .total_steps = std::nullopt};
      if (a.contains("total_steps")) c.total_steps = a["total_steps"].get<std::int64_t>();
      if (a.contains("epochs")) c.epochs = a["epochs"].get<std::int64_t>();
      if (a.contains("steps_per_epoch")) c.steps_per_epoch = a["steps_per_epoch"].get<std::int64_t>();
      c.pct_start = a.value("pct_start", 0.3);
      c.anneal_strategy = a.value("anneal_strategy", std::string("cos"));
      c.cycle_momentum = a.value("cycle_momentum", true);
      c.three_phase = a.value("three_phase", false);
      if (a.contains("base_momentum")) c.base_momentum = list_of(a["base_momentum"]);
      if (a.contains("max_momentum")) c.max_momentum = list_of(a["max_momentum"]);
      c.div_factor = a.value("div_factor", 25.0);
      c.final_div_factor = a.value("final_div_factor", 1e4);
      schedule = std::make_shared<OneCycleLR>(o, c);
    }
    if (name == "SequentialLR" && a.get<std::string>().starts_with("LinearLR")) {
      std::vector<std::shared_ptr<EpochScheduler>> parts{std::make_shared<LinearLR>(o, 0.1, 1.0, 5),
                                                         std::make_shared<CosineAnnealingLR>(o, 20),
                                                         std::make_shared<ExponentialLR>(o, 0.9)};
      schedule = std::make_shared<SequentialLR>(o, parts, std::vector<std::int64_t>{5, 30});
    } else if (name == "SequentialLR") {
      std::vector<std::shared_ptr<EpochScheduler>> parts{std::make_shared<ExponentialLR>(o, 0.9),
                                                         std::make_shared<StepLR>(o, 3, 0.5)};
      schedule = std::make_shared<SequentialLR>(o, parts, std::vector<std::int64_t>{20});
    }
    if (name == "ReduceLROnPlateau") {
      plateau = std::make_shared<ReduceLROnPlateau>(
          o, a.value("mode", std::string("min")) == "min" ? ReduceLROnPlateau::min : ReduceLROnPlateau::max,
          a.value("factor", 0.1), a.value("patience", 10), a.value("threshold", 1e-4),
          a.value("threshold_mode", std::string("rel")) == "rel" ? ReduceLROnPlateau::rel
                                                                 : ReduceLROnPlateau::abs,
          a.value("cooldown", 0), a.contains("min_lr") ? list_of(a["min_lr"]) : std::vector<double>{},
          a.value("eps", 1e-8));
    }
  }
  void step(double metric) const { plateau ? plateau->step(metric) : schedule->step(); }
};

std::vector<double> rates(const Optimizer& o) {
  std::vector<double> out;
  for (const OptimizerParamGroup& g : o.param_groups()) out.push_back(g.options().get_lr());
  return out;
}

std::vector<double> momenta(const Optimizer& o, bool adam) {
  std::vector<double> out;
  for (const OptimizerParamGroup& g : o.param_groups()) {
    out.push_back(adam ? std::get<0>(static_cast<const AdamOptions&>(g.options()).betas())
                       : static_cast<const SGDOptions&>(g.options()).momentum());
  }
  return out;
}

/// How many doubles apart.
std::int64_t steps_between(double a, double b) {
  return std::abs(std::bit_cast<std::int64_t>(a) - std::bit_cast<std::int64_t>(b));
}

TEST(ScheduleGolden, FiftyStepsHavePyTorchsBits) {
  const Json table = read_json("optim/schedules.json");
  int values = 0;
  int exact = 0;
  std::int64_t furthest = 0;
  for (const Json& c : table["cases"]) {
    SCOPED_TRACE(c["class"].get<std::string>() + " " + c["arguments"].dump());
    const bool adam = c["optimiser"] == "Adam";
    std::vector<OptimizerParamGroup> groups{OptimizerParamGroup({ones({2}).requires_grad_()}),
                                            OptimizerParamGroup({ones({3}).requires_grad_()})};
    if (adam) {
      groups[1].set_options(std::make_unique<AdamOptions>(0.03));
    } else {
      groups[1].set_options(std::make_unique<SGDOptions>(0.03));
    }
    const auto optimizer = make_optimizer(
        c["optimiser"], adam ? Json{{"lr", 0.1}} : Json{{"lr", 0.1}, {"momentum", 0.9}}, std::move(groups));
    const Scheduled scheduled(*optimizer, c["class"], c["arguments"]);
    for (std::size_t step = 0; step <= 50; ++step) {
      if (step > 0) {
        optimizer->step();
        scheduled.step(table["metrics"][step - 1]);
      }
      std::vector<double> ours = rates(*optimizer);
      std::vector<double> theirs = c["lrs"][step].get<std::vector<double>>();
      if (step > 0) {
        const std::vector<double> more = momenta(*optimizer, adam);
        ours.insert(ours.end(), more.begin(), more.end());
        for (const Json& m : c["momenta"][step - 1]) theirs.push_back(m);
      }
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const std::int64_t apart = steps_between(ours[i], theirs[i]);
        EXPECT_LE(apart, 1) << "value " << i << " after step " << step << ": " << ours[i] << " and not "
                            << theirs[i];
        furthest = std::max(furthest, apart);
        exact += apart == 0 ? 1 : 0;
        ++values;
      }
    }
  }
  std::cout << "[ cases ] " << table["cases"].size() << " schedules, " << values << " rates and momenta, "
            << exact << " of them bit for bit, the others at most " << furthest << " doubles away\n";
}

/// As a program written for libtorch has it.
class Halving : public LRScheduler {
 public:
  using LRScheduler::LRScheduler;

 protected:
  std::vector<double> get_lrs() override {
    std::vector<double> lrs = get_current_lrs();
    for (double& lr : lrs) lr = step_count_ % 2 == 1 ? lr / 2 : lr;
    return lrs;
  }
};

TEST(Schedule, OnesOwnIsAskedInEachStep) {
  SGD sgd({ones({2}).requires_grad_()}, 1.0);
  Halving schedule(sgd);
  std::vector<double> seen;
  for (int i = 0; i < 5; ++i) {
    schedule.step();
    seen.push_back(schedule.get_last_lr()[0]);
  }
  EXPECT_EQ(seen, (std::vector<double>{1, 0.5, 0.5, 0.25, 0.25}));
}

TEST(Schedule, GoesOnAfterTheOptimizerWasLoaded) {
  const auto make = [] { return SGD({ones({2}).requires_grad_()}, 0.1); };
  SGD whole = make();
  CosineAnnealingLR straight(whole, 10);
  SGD first = make();
  CosineAnnealingLR before(first, 10);
  for (int i = 0; i < 4; ++i) {
    straight.step();
    before.step();
  }
  SGD second = make();
  EXPECT_EQ(
      text_of<KeyError>([&] { CosineAnnealingLR after(second, 10, 0, 3); }),
      "param 'initial_lr' is not specified in param_groups[0] when resuming scheduler with last_epoch >= 0");
  second.load_state_dict(first.state_dict());
  CosineAnnealingLR after(second, 10, 0, before.last_epoch() - 1);
  for (int i = 0; i < 5; ++i) {
    straight.step();
    after.step();
    EXPECT_EQ(whole.param_groups()[0].options().get_lr(), second.param_groups()[0].options().get_lr());
  }
}

TEST(Schedule, WhatMakesNoSenseIsRefused) {
  SGD sgd({ones({2}).requires_grad_()}, 0.1);
  Adagrad adagrad({ones({2}).requires_grad_()});
  EXPECT_EQ(text_of<ValueError>([&] { StepLR s(sgd, 0); }), "StepLR needs a positive step_size");
  EXPECT_EQ(text_of<ValueError>([&] { CosineAnnealingLR s(sgd, 0); }),
            "CosineAnnealingLR needs a positive T_max, but got 0");
  EXPECT_EQ(text_of<ValueError>([&] { LinearLR s(sgd, 0.0); }),
            "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.");
  EXPECT_EQ(text_of<ValueError>([&] { LinearLR s(sgd, 1.0, 1.5); }),
            "Ending multiplicative factor expected to be between 0 and 1.");
  EXPECT_EQ(text_of<ValueError>([&] { LambdaLR s(sgd, std::vector<LambdaLR::Function>{}); }),
            "Expected 1 lr_lambdas, but got 0");
  EXPECT_EQ(text_of<ValueError>([&] { ReduceLROnPlateau s(sgd, ReduceLROnPlateau::min, 1.0); }),
            "Factor should be < 1.0.");
  EXPECT_EQ(text_of<ValueError>([&] { OneCycleLR s(sgd, {.max_lr = {0.5}, .total_steps = 0}); }),
            "Expected positive integer total_steps, but got 0");
  EXPECT_EQ(text_of<ValueError>([&] { OneCycleLR s(sgd, {.max_lr = {0.5}, .total_steps = std::nullopt}); }),
            "You must define either total_steps OR (epochs AND steps_per_epoch)");
  EXPECT_EQ(text_of<ValueError>([&] { OneCycleLR s(adagrad, {.max_lr = {0.5}, .total_steps = 5}); }),
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled");
  EXPECT_EQ(text_of<ValueError>([&] {
              OneCycleLR s(sgd, {.max_lr = {0.5}, .total_steps = 2});
              for (int i = 0; i < 3; ++i) s.step();
            }),
            "Tried to step 3 times. The specified number of total steps is 2");
  EXPECT_EQ(text_of<ValueError>([&] { SequentialLR s(sgd, {}, {}); }),
            "SequentialLR expects at least one scheduler, but got no scheduler.");
}

}  // namespace
}  // namespace ballast::testing
