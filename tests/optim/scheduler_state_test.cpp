// States of schedules: those of PyTorch taken and continued, ours taken by PyTorch, and what is refused.
#include "ballast/checkpoint/scheduler_state.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "tests/optim/make_schedule.h"
#include "tests/optim/temporary_folder.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/checkpoint/optimizer_state.h"
#include "ballast/checkpoint/save.h"

namespace ballast::testing {
namespace {

using checkpoint::Value;
using namespace optim;  // NOLINT(google-build-using-namespace)

/// As in tests/data/gen/optimfix.py.
constexpr std::size_t kStatesAfter = 20;
constexpr std::size_t kSteps = 50;

/// What PyTorch saved for each row of schedules.json.
struct Saved {
  SchedulerStateDict scheduler;
  OptimizerStateDict optimizer;
};
std::vector<Saved> saved_by_pytorch() {
  const Value root = load(data_path("optim/schedule_states.pth")).root();
  std::vector<Saved> out;
  for (std::size_t i = 0; i < root.size(); ++i) {
    out.push_back(
        {to_scheduler_state(root.item(i).at("scheduler")), to_optimizer_state(root.item(i).at("optimizer"))});
  }
  return out;
}

/// Whether two numbers are at most `most` doubles apart.
bool near(double a, double b, std::int64_t most) {
  if (a == b) return true;
  return std::abs(std::bit_cast<std::int64_t>(a) - std::bit_cast<std::int64_t>(b)) <= most;
}

/// Expects the same entries in the same order; ints may stand for the reals that Python wrote as ints. How far each double may
/// be from PyTorch's is `most`.
void expect_same(const SchedulerValue& ours, const SchedulerValue& theirs, std::int64_t most,
                 const std::string& where);

void expect_same(const SchedulerStateDict& ours, const SchedulerStateDict& theirs, std::int64_t most,
                 const std::string& where) {
  ASSERT_EQ(ours.entries.size(), theirs.entries.size()) << where;
  for (std::size_t i = 0; i < ours.entries.size(); ++i) {
    EXPECT_EQ(ours.entries[i].first, theirs.entries[i].first) << where;
    expect_same(ours.entries[i].second, theirs.entries[i].second, most,
                where + "." + theirs.entries[i].first);
  }
}

void expect_same(const SchedulerValue& ours, const SchedulerValue& theirs, std::int64_t most,
                 const std::string& where) {
  const auto* const whole = theirs.get_if<std::int64_t>();
  if (const auto* const d = ours.get_if<double>(); d != nullptr && whole != nullptr) {
    EXPECT_EQ(*d, static_cast<double>(*whole)) << where;
    return;
  }
  ASSERT_EQ(ours.index(), theirs.index()) << where;
  if (const auto* const d = ours.get_if<double>()) {
    EXPECT_TRUE(near(*d, *theirs.get_if<double>(), most))
        << where << ": " << *d << " and " << *theirs.get_if<double>();
  } else if (const auto* const list = ours.get_if<SchedulerList>()) {
    const auto& other = theirs.get_if<SchedulerList>()->items;
    ASSERT_EQ(list->items.size(), other.size()) << where;
    for (std::size_t i = 0; i < other.size(); ++i) expect_same(list->items[i], other[i], most, where + "[]");
  } else if (const auto* const dict = ours.get_if<SchedulerStateDict>()) {
    expect_same(*dict, *theirs.get_if<SchedulerStateDict>(), most, where);
  } else if (const auto* const counts = ours.get_if<SchedulerCounts>()) {
    EXPECT_EQ(counts->counts, theirs.get_if<SchedulerCounts>()->counts) << where;
  } else if (const auto* const i = ours.get_if<std::int64_t>()) {
    EXPECT_EQ(*i, *whole) << where;
  } else if (const auto* const s = ours.get_if<std::string>()) {
    EXPECT_EQ(*s, *theirs.get_if<std::string>()) << where;
  } else if (const auto* const b = ours.get_if<bool>()) {
    EXPECT_EQ(*b, *theirs.get_if<bool>()) << where;
  }
}

TEST(SchedulerState, StatesOfPyTorchAreContinued) {
  const Json table = read_json("optim/schedules.json");
  const std::vector<Saved> saved = saved_by_pytorch();
  ASSERT_EQ(saved.size(), table["cases"].size());
  std::size_t rates = 0;
  for (std::size_t n = 0; n < saved.size(); ++n) {
    const Json& c = table["cases"][n];
    SCOPED_TRACE(c["class"].get<std::string>() + " " + c["arguments"].dump());
    const Scheduled s(c);
    s.optimizer->load_state_dict(saved[n].optimizer);
    s.load_state_dict(saved[n].scheduler);
    for (std::size_t step = kStatesAfter + 1; step <= kSteps; ++step) {
      s.optimizer->step();
      s.step(table["metrics"][step - 1]);
      const std::vector<double> ours = s.rates();
      for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_TRUE(near(ours[i], c["lrs"][step][i], 1)) << "step " << step;
        EXPECT_TRUE(near(s.momenta()[i], c["momenta"][step - 1][i], 1)) << "step " << step;
        ++rates;
      }
    }
  }
  std::cout << "[ cases ] " << saved.size() << " schedules of PyTorch continued, " << rates << " rates\n";
}

TEST(SchedulerState, OursIsPyTorchs) {
  const Json table = read_json("optim/schedules.json");
  const std::vector<Saved> saved = saved_by_pytorch();
  for (std::size_t n = 0; n < saved.size(); ++n) {
    const Json& c = table["cases"][n];
    SCOPED_TRACE(c["class"].get<std::string>() + " " + c["arguments"].dump());
    // Taken and given back.
    const Scheduled loaded(c);
    loaded.load_state_dict(saved[n].scheduler);
    expect_same(loaded.state_dict(), saved[n].scheduler, 0, "taken");
    // After the same steps.
    const Scheduled stepped(c);
    for (std::size_t step = 0; step < kStatesAfter; ++step) {
      stepped.optimizer->step();
      stepped.step(table["metrics"][step]);
    }
    expect_same(stepped.state_dict(), saved[n].scheduler, 1, "stepped");
  }
  std::cout << "[ cases ] " << 2 * saved.size() << " states compared with PyTorch's\n";
}

TEST(SchedulerState, PyTorchContinuesOurs) {
  if (std::system("python3 -c 'import torch' > /dev/null 2>&1") != 0) {
    std::cout << "skipped: torch not installed\n";
    GTEST_SKIP();
  }
  const TemporaryFolder folder;
  const Json table = read_json("optim/schedules.json");
  Value states = Value::list();
  for (const Json& c : table["cases"]) {
    const Scheduled s(c);
    for (std::size_t step = 0; step < kStatesAfter; ++step) {
      s.optimizer->step();
      s.step(table["metrics"][step]);
    }
    Value state = Value::dict();
    state.set("scheduler", to_value(s.state_dict()));
    state.set("optimizer", to_value(s.optimizer->state_dict()));
    states.append(state);
  }
  save(states, folder.path() / "states.pth", {.fsync = false});
  std::ofstream(folder.path() / "check.py") << R"(
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[2])
from gen import optimfix
import torch
table = json.load(open(sys.argv[2] + "/optim/schedules.json"))
theirs = torch.load(sys.argv[2] + "/optim/schedule_states.pth", weights_only=True)
for c, saved, golden in zip(table["cases"], torch.load(sys.argv[1] + "/states.pth", weights_only=True), theirs, strict=True):
    cls, adam = c["class"], c["optimiser"] == "Adam"
    opt, s = optimfix.scheduled(cls, c["arguments"], "Adam" if adam else None)
    opt.load_state_dict(saved["optimizer"])
    s.load_state_dict(saved["scheduler"])
    assert list(saved["scheduler"]) == list(golden["scheduler"]), (c, saved["scheduler"])
    for k, v in golden["scheduler"].items():
        assert type(saved["scheduler"][k]) is type(v) or isinstance(v, int), (c, k)
    for step in range(optimfix.STATES_AFTER, 50):
        opt.step()
        s.step(table["metrics"][step]) if cls == "ReduceLROnPlateau" else s.step()
        for g, lr, m in zip(opt.param_groups, c["lrs"][step + 1], c["momenta"][step], strict=True):
            assert abs(g["lr"] - lr) <= 1e-14 * abs(lr), (c, step, g["lr"], lr)
            assert abs((g["betas"][0] if adam else g["momentum"]) - m) <= 1e-14 * abs(m), (c, step)
)";
  const std::string command = "python3 '" + (folder.path() / "check.py").string() + "' '" +
                              folder.path().string() + "' '" + data_path("") + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::cout << "[ cases ] " << table["cases"].size() << " schedules continued by PyTorch\n";
}

SGD two_groups() {
  return SGD(
      {OptimizerParamGroup({ones({2}).requires_grad_()}), OptimizerParamGroup({ones({3}).requires_grad_()})},
      SGDOptions(0.1));
}

/// The dict with one entry replaced.
SchedulerStateDict with(SchedulerStateDict dict, const std::string& name, const SchedulerValue& value) {
  for (auto& [key, entry] : dict.entries) {
    if (key == name) entry = value;
  }
  return dict;
}
SchedulerStateDict without(SchedulerStateDict dict, const std::string& name) {
  std::erase_if(dict.entries, [&](const auto& e) { return e.first == name; });
  return dict;
}

TEST(SchedulerState, WhatDoesNotFitIsRefusedAndChangesNothing) {
  SGD sgd = two_groups();
  StepLR schedule(sgd, 3, 0.5);
  MultiStepLR several(sgd, {2, 3}, 0.5);
  CosineAnnealingLR cosine(sgd, 5);
  OneCycleLR cycle(sgd, {.max_lr = {0.5}, .total_steps = 9, .cycle_momentum = false});
  LambdaLR lambda(sgd, [](std::int64_t) { return 1.0; });
  ReduceLROnPlateau plateau(sgd);
  SequentialLR sequence(sgd, {std::make_shared<StepLR>(sgd, 3), std::make_shared<ExponentialLR>(sgd, 0.9)},
                        {4});
  std::size_t cases = 0;
  const auto refused = [&](auto& s, const SchedulerStateDict& bad) {
    const SchedulerStateDict before = s.state_dict();
    std::string text = text_of<Error>([&] { s.load_state_dict(bad); });
    expect_same(s.state_dict(), before, 0, text);
    ++cases;
    return text;
  };
  const std::string where = "the state of the schedule['";
  // Where the first entries fit, they are not taken either.
  const SchedulerStateDict changed =
      with(with(schedule.state_dict(), "step_size", std::int64_t{7}), "gamma", 0.25);
  EXPECT_EQ(refused(schedule, with(changed, "last_epoch", "many")),
            where + "last_epoch'] of the loaded state must be an int, but is a str");
  EXPECT_EQ(refused(schedule, with(changed, "step_size", std::int64_t{0})),
            where + "step_size'] of the loaded state must be between 1 and 4294967295, but is 0");
  EXPECT_EQ(refused(schedule, with(changed, "last_epoch", std::numeric_limits<std::int64_t>::max())),
            where +
                "last_epoch'] of the loaded state must be between -1 and 9007199254740992, but is "
                "9223372036854775807");
  EXPECT_EQ(refused(schedule, with(changed, "gamma", SchedulerList())),
            where + "gamma'] of the loaded state must be a number, but is a list");
  EXPECT_EQ(refused(schedule, with(changed, "base_lrs", SchedulerList{{0.1}})),
            where + "base_lrs'] of the loaded state has 1 numbers, but the optimizer has 2 parameter groups");
  EXPECT_EQ(refused(schedule, with(changed, "_last_lr", SchedulerList{{0.1, true}})),
            where + "_last_lr'] of the loaded state must be a number, but is a bool");
  EXPECT_EQ(refused(schedule, ExponentialLR(sgd, 0.9).state_dict()),
            "the state of the schedule has no 'step_size': is it of another kind of schedule?");
  EXPECT_EQ(refused(several, with(several.state_dict(), "milestones", SchedulerCounts{{{2, -1}}})),
            where + "milestones'][2] of the loaded state must not be negative, but is -1");
  EXPECT_EQ(refused(several, with(several.state_dict(), "milestones", SchedulerList())),
            where + "milestones'] of the loaded state must be a Counter of ints");
  EXPECT_EQ(refused(cosine, with(cosine.state_dict(), "T_max", std::int64_t{0})),
            where + "T_max'] of the loaded state must be between 1 and 9007199254740992, but is 0");
  EXPECT_EQ(refused(cycle, with(cycle.state_dict(), "_anneal_func_type", "steep")),
            where + "_anneal_func_type'] of the loaded state must be 'cos' or 'linear', but is 'steep'");
  EXPECT_EQ(refused(cycle, with(cycle.state_dict(), "_schedule_phases", SchedulerList())),
            where + "_schedule_phases'] of the loaded state has no phase");
  SchedulerValue phases = *cycle.state_dict().find("_schedule_phases");
  auto& first = std::get<SchedulerStateDict>(std::get<SchedulerList>(phases).items[0]);
  first = with(first, "end_lr", "somewhere");
  EXPECT_EQ(refused(cycle, with(cycle.state_dict(), "_schedule_phases", phases)),
            where + "_schedule_phases'] of the loaded state names 'somewhere', which no group keeps");
  EXPECT_EQ(refused(lambda, with(lambda.state_dict(), "lr_lambdas",
                                 SchedulerList{{SchedulerValue(), SchedulerStateDict()}})),
            where +
                "lr_lambdas'][1] of the loaded state holds what belongs to a callable object of Python's, "
                "which no function here can take");
  EXPECT_EQ(refused(lambda, with(lambda.state_dict(), "lr_lambdas", SchedulerList())),
            where + "lr_lambdas'] of the loaded state has 0 functions, but the schedule 2");
  EXPECT_EQ(refused(plateau, with(plateau.state_dict(), "mode", "least")),
            where + "mode'] of the loaded state must be 'min' or 'max', but is 'least'");
  EXPECT_EQ(
      refused(plateau, with(plateau.state_dict(), "num_bad_epochs", std::int64_t{1} << 40)),
      where + "num_bad_epochs'] of the loaded state must be between 0 and 2147483646, but is 1099511627776");
  EXPECT_EQ(refused(sequence, with(sequence.state_dict(), "_milestones",
                                   SchedulerList{{std::int64_t{1}, std::int64_t{2}}})),
            where + "_milestones'] of the loaded state must be 1 numbers in increasing order");
  SchedulerValue parts = *sequence.state_dict().find("_schedulers");
  std::get<SchedulerStateDict>(std::get<SchedulerList>(parts).items[0]) =
      with(schedule.state_dict(), "step_size", std::int64_t{8});
  std::get<SchedulerStateDict>(std::get<SchedulerList>(parts).items[1]) = schedule.state_dict();
  std::get<SchedulerStateDict>(std::get<SchedulerList>(parts).items[1]) =
      without(schedule.state_dict(), "gamma");
  EXPECT_EQ(refused(sequence, with(sequence.state_dict(), "_schedulers", parts)),
            where + "_schedulers'][1] has no 'gamma': is it of another kind of schedule?");
  std::cout << "[ cases ] " << cases << " states refused\n";
}

TEST(SchedulerState, StatesOfOtherVersionsAreTaken) {
  SGD sgd = two_groups();
  ExponentialLR schedule(sgd, 0.9);
  for (int i = 0; i < 3; ++i) schedule.step();
  SchedulerStateDict old = schedule.state_dict();
  // What not every version writes, and what some did.
  for (const char* const name : {"_is_initial", "_get_lr_called_within_step", "_last_lr"})
    old = without(old, name);
  old.add("verbose", false);
  SGD other = two_groups();
  ExponentialLR fresh(other, 0.5);
  other.load_state_dict(sgd.state_dict());
  fresh.load_state_dict(old);
  EXPECT_EQ(fresh.last_epoch(), 3);
  schedule.step();
  fresh.step();
  EXPECT_EQ(fresh.get_last_lr(), schedule.get_last_lr());
}

TEST(SchedulerState, WhatIsNoPlainDataIsRefused) {
  const auto refused = [](const Value& v) {
    Value dict = Value::dict();
    dict.set("gamma", v);
    return text_of<Error>([&] { static_cast<void>(to_scheduler_state(dict)); });
  };
  EXPECT_EQ(text_of<FormatError>([] { static_cast<void>(to_scheduler_state(Value(1))); }),
            "the root of the scheduler's state must be a dict, but is an int");
  EXPECT_EQ(refused(Value::bytes("ab")),
            "state['gamma'] of the scheduler's state must be plain data, but is a bytes");
  EXPECT_EQ(refused(Value(ones({2}))),
            "state['gamma'] of the scheduler's state must be plain data or a tensor of one number, but is a "
            "tensor");
  Value number = Value::dict();
  number.set("lr", Value(full({1}, 0.5, kFloat64)));
  EXPECT_EQ(std::get<double>(*to_scheduler_state(number).find("lr")), 0.5);
  Value keys = Value::dict();
  keys.set(Value(1), Value("text"));
  EXPECT_EQ(refused(keys), "state['gamma'][1] of the scheduler's state must be an int, but is a str");
  // A list that holds itself, and one that stands in itself many times over.
  const Value endless = Value::list();
  Value(endless).append(endless);
  EXPECT_NE(refused(endless).find("too deep"), std::string::npos);
  Value wide = Value::list();
  for (int level = 0; level < 7; ++level) wide = Value::list(std::vector<Value>(10, wide));
  EXPECT_EQ(refused(wide), "the scheduler's state has more than 1048576 entries");
}

TEST(SchedulerState, OnesOwnScheduleSavesItsSteps) {
  class Constant : public LRScheduler {
   public:
    using LRScheduler::LRScheduler;
    [[nodiscard]] unsigned steps() const { return step_count_; }

   protected:
    std::vector<double> get_lrs() override { return get_current_lrs(); }
  };
  SGD sgd = two_groups();
  Constant schedule(sgd);
  schedule.step();
  schedule.step();
  Constant other(sgd);
  other.load_state_dict(schedule.state_dict());
  EXPECT_EQ(other.steps(), 2U);
}

}  // namespace
}  // namespace ballast::testing
