// Fifty steps of every schedule against tests/data/optim/schedules.json, to the last bits.
#include <bit>
#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "tests/optim/make_schedule.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

using namespace optim;  // NOLINT(google-build-using-namespace)

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
    const Scheduled scheduled(c);
    for (std::size_t step = 0; step <= 50; ++step) {
      if (step > 0) {
        scheduled.optimizer->step();
        scheduled.step(table["metrics"][step - 1]);
      }
      std::vector<double> ours = scheduled.rates();
      std::vector<double> theirs = c["lrs"][step].get<std::vector<double>>();
      if (step > 0) {
        const std::vector<double> more = scheduled.momenta();
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
