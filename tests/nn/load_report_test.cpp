// The report of a load: that it says what load_state_dict does, over all models and all cases of the golden file's kind.
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "tests/nn/models.h"
#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/core/match/match.h"
#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using Names = std::vector<std::string>;

Names names(const std::vector<MatchedName>& list) {
  Names out;
  for (const MatchedName& m : list) out.push_back(m.name);
  return out;
}

std::vector<std::string> bytes_of_all(const nn::Module& m) {
  std::vector<std::string> out;
  for (const auto& [name, value] : m.state_dict()) out.push_back(bytes_of(value));
  return out;
}

/// `state` with something wrong or other about it.
StateDict bent(const StateDict& state, int how) {
  StateDict out;
  int i = 0;
  for (const auto& [name, value] : state) {
    ++i;
    switch (how) {
      case 0:
        out.insert(name, value);
        break;
      case 1:
        if (i % 3 != 0) out.insert(name, value);
        break;
      case 2:
        out.insert("module." + name, value);
        break;
      case 3:
        out.insert(name, value.to(kFloat64));
        break;
      case 4:
        out.insert(name, i % 2 == 0 && value.dim() == 2 ? value.t().contiguous() : value);
        break;
      case 5:
        out.insert(i % 4 == 0 ? name + "x" : name, value);
        break;
      default:
        out.insert(name, value.dim() > 0 ? zeros(value.sizes()[0] + 1) : value);
    }
  }
  return out;
}
constexpr int kBends = 7;

TEST(LoadReportTest, SaysWhatTheLoadDoesOverAllModels) {
  int cases = 0, refused = 0;
  for (const auto& [model_name, make] : testing::model_table()) {
    for (int how = 0; how < kBends; ++how) {
      for (const bool strict : {true, false}) {
        SCOPED_TRACE(model_name + ", bent " + std::to_string(how) + (strict ? ", strict" : ""));
        const auto model = testing::make_model(model_name, 1);
        const StateDict state = bent(testing::make_model(model_name, 0)->state_dict(), how);
        const std::vector<std::string> before = bytes_of_all(*model);
        const testing::WarningLog log;

        const MatchReport dry = nn::match(*model, state, {.strict = strict});
        EXPECT_EQ(bytes_of_all(*model), before) << "a dry run changes nothing";

        MatchReport report;
        nn::IncompatibleKeys keys;
        bool loads = true;
        try {
          keys = model->load_state_dict(state, {.strict = strict, .report = &report});
        } catch (const nn::LoadStateDictError& e) {
          loads = false;
          ++refused;
          EXPECT_EQ(e.report().text(), report.text());
          EXPECT_EQ(bytes_of_all(*model), before);
        }
        ++cases;
        EXPECT_EQ(report.text(), dry.text());
        EXPECT_EQ(report.loads(strict), loads) << report;
        EXPECT_EQ(report.loaded.size() + report.missing.size() + report.shape_mismatches.size(),
                  report.model_names);
        if (loads) {
          EXPECT_EQ(names(report.missing), keys.missing_keys);
          EXPECT_EQ(names(report.unexpected), keys.unexpected_keys);
        }
        const std::set<std::string> missing = [&] {
          const Names m = names(report.missing);
          return std::set<std::string>(m.begin(), m.end());
        }();
        // What a file lacks is missing, except what batch normalisation gives itself from files of older layouts.
        for (const auto& [name, value] : model->state_dict()) {
          const bool given = state.contains(name) || name.ends_with("num_batches_tracked");
          EXPECT_EQ(missing.contains(name), !given) << name;
        }
        if (loads && report.ties.empty()) {
          for (const MatchedName& m : report.loaded) {
            if (m.file_name.empty()) continue;  // given by its module
            const Tensor now = model->state_dict()[m.name];
            EXPECT_TRUE(now.equal(state[m.file_name].to(now.dtype()))) << m.name;
          }
        }
      }
    }
  }
  std::cout << "[ cases ] " << cases << " loads of " << testing::model_table().size() << " models, "
            << refused << " refused\n";
}

TEST(LoadReportTest, IsThatOfTheNamesAlone) {
  // What the command finds from two files is what the model finds.
  int cases = 0;
  for (const auto& [model_name, make] : testing::model_table()) {
    const auto model = testing::make_model(model_name, 1);
    for (int how = 0; how < kBends; ++how) {
      SCOPED_TRACE(model_name + ", bent " + std::to_string(how));
      const StateDict state = bent(testing::make_model(model_name, 0)->state_dict(), how);
      const testing::WarningLog log;
      const MatchReport by_model = nn::match(*model, state);
      const MatchReport by_names = match(names_of(state), names_of(model->state_dict()));
      const auto from_file = [](const std::vector<MatchedName>& list) {
        Names out;
        for (const MatchedName& m : list) {
          if (!m.name.ends_with("num_batches_tracked")) out.push_back(m.name);  // modules give it themselves
        }
        return out;
      };
      EXPECT_EQ(from_file(by_model.loaded), from_file(by_names.loaded));
      EXPECT_EQ(from_file(by_model.missing), from_file(by_names.missing));
      EXPECT_EQ(names(by_model.shape_mismatches), names(by_names.shape_mismatches));
      EXPECT_EQ(by_model.cures.size(), by_names.cures.size());
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " reports from a model and from names\n";
}

TEST(LoadReportTest, PrefixesAreFoundAndStrippedOverAllModels) {
  int cases = 0;
  for (const auto& [model_name, make] : testing::model_table()) {
    for (const std::string prefix : {"module.", "_orig_mod.", "model.", "net."}) {
      SCOPED_TRACE(model_name + " " + prefix);
      const auto source = testing::make_model(model_name, 0), model = testing::make_model(model_name, 1);
      StateDict state;
      source->state_dict(state, prefix);
      const MatchReport report = nn::match(*model, state);
      ASSERT_EQ(report.cures.size(), 1u) << report;
      nn::LoadStateDictOptions options;
      report.cures[0].add_to(options.rules);
      EXPECT_EQ(options.rules, (MatchRules{.strip_prefix = prefix}));
      EXPECT_TRUE(model->load_state_dict(state, options).empty());
      EXPECT_EQ(bytes_of_all(*model), bytes_of_all(*source));
      ++cases;
    }
  }
  std::cout << "[ cases ] " << cases << " models under a prefix\n";
}

TEST(LoadReportTest, NamesThatTakeNothingSayWhy) {
  testing::Buffers model;
  StateDict state = model->state_dict();
  state.insert("pe", zeros({4, 6}));
  state.insert("nothing", zeros({1}));
  state.insert("absent", zeros({1}));
  const MatchReport report = nn::match(*model, state);
  ASSERT_EQ(names(report.unexpected), (Names{"pe", "nothing", "absent"}));
  EXPECT_EQ(report.unexpected[0].reason, "a buffer that the model does not save");
  EXPECT_EQ(report.unexpected[1].reason, "a parameter that the model has as None");
  EXPECT_EQ(report.unexpected[2].reason, "a buffer that the model has as None");
}

TEST(LoadReportTest, ErrorsOfHooksAndForgivenNamesAreThere) {
  nn::Sequential net{nn::Linear(1, 1)};
  net[0]->register_load_state_dict_pre_hook(
      [](nn::Module&, nn::LoadContext& c) { c.error("layout 0 is too old"); });
  net[0]->register_load_state_dict_post_hook(
      [](nn::Module&, nn::IncompatibleKeys& keys) { keys.missing_keys.clear(); });
  StateDict state = net->state_dict();
  state.erase("0.bias");
  const MatchReport report = nn::match(*net, state, {.strict = false});
  EXPECT_EQ(report.errors, (Names{"layout 0 is too old"}));
  EXPECT_TRUE(report.missing.empty()) << "forgiven";
  EXPECT_FALSE(report.loads(false));
}

TEST(LoadReportTest, ExtraStateIsAName) {
  struct CounterImpl : nn::Cloneable<CounterImpl> {
    Tensor get_extra_state() const override { return tensor(steps, kInt64); }
    void set_extra_state(const Tensor& state) override { steps = state.numel(); }
    std::int64_t steps = 3;
  };
  BALLAST_MODULE(Counter);
  Counter counter;
  const MatchReport report = nn::match(*counter, StateDict{{"_extra_state", zeros({5})}});
  EXPECT_TRUE(report.fits()) << report;
  EXPECT_EQ(counter->steps, 3);
}

TEST(LoadReportTest, NamesBelowAnAbsentChildAreNoSurprise) {
  testing::NoBias model;
  StateDict state = model->state_dict();
  state.insert("hole.weight", zeros({1}));
  const MatchReport report = nn::match(*model, state);
  EXPECT_TRUE(report.unexpected.empty()) << "as in PyTorch";
}

TEST(LoadReportTest, TreeOfTwentyThousandEntriesIsReported) {
  const DefaultDeviceGuard meta(kMeta);
  nn::Sequential net;
  constexpr int kLayers = 10'000;
  for (int i = 0; i < kLayers; ++i) net->push_back(nn::Linear(2, 2));
  StateDict state;
  net->state_dict(state, "module.");
  const MatchReport report = nn::match(*net, state);
  ASSERT_EQ(report.cures.size(), 1u);
  EXPECT_EQ(report.cures[0].names, std::size_t{2} * kLayers);
  EXPECT_EQ(report.cures[0].rename.from, "module.");
  EXPECT_LT(report.text().size(), 1000u);
  const MatchReport after = nn::match(*net, state, {.rules = {.strip_prefix = "module."}});
  EXPECT_TRUE(after.fits());
  EXPECT_EQ(after.loaded.size(), std::size_t{2} * kLayers);
}

}  // namespace
}  // namespace ballast
