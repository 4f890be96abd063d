// Loading under rules: what each does, and that nothing changes unless all can.
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tests/nn/models.h"
#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/ops/ops.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::text_of;
using Names = std::vector<std::string>;

nn::Sequential three() { return nn::Sequential{nn::Linear(2, 3), nn::ReLU(), nn::Linear(3, 2)}; }

StateDict without_metadata(const StateDict& state) {
  StateDict out;
  for (const auto& [name, value] : state) out.insert(name, value.clone());
  return out;
}

TEST(LoadRulesTest, NamesAreChangedFilteredAndLoaded) {
  const nn::Sequential source = three();
  StateDict state;
  for (const auto& [name, value] : source->state_dict()) state.insert("module.layer" + name, value);
  state.insert("optimizer.lr", zeros({1}));
  nn::Sequential net = three();
  const nn::IncompatibleKeys keys = net->load_state_dict(
      state,
      {.rules = {.filter = "module.*", .strip_prefix = "module.", .rename = {{"/^layer(\\d)\\./", "$1."}}}});
  EXPECT_TRUE(keys.empty());
  for (const auto& [name, value] : net->state_dict())
    EXPECT_TRUE(value.equal(source->state_dict()[name])) << name;
}

TEST(LoadRulesTest, FilteredNamesAreMissingNotUnexpected) {
  nn::Sequential net = three();
  MatchReport report;
  const nn::IncompatibleKeys keys = net->load_state_dict(
      three()->state_dict(), {.strict = false, .rules = {.filter = "0.*"}, .report = &report});
  EXPECT_EQ(keys.missing_keys, (Names{"2.weight", "2.bias"}));
  EXPECT_TRUE(keys.unexpected_keys.empty());
  EXPECT_EQ(report.left_out, (Names{"2.weight", "2.bias"}));
  EXPECT_EQ(report.file_names, 4u);
}

TEST(LoadRulesTest, VersionsFollowTheirModules) {
  nn::Sequential source{nn::BatchNorm1d(2)};
  StateDict state;
  state.has_metadata = true;
  source->state_dict(state, "module.");
  nn::Sequential net{nn::BatchNorm1d(2)};
  std::optional<std::int64_t> version;
  net[0]->register_load_state_dict_pre_hook([&](nn::Module&, nn::LoadContext& c) { version = c.version(); });
  net->load_state_dict(state, {.rules = {.strip_prefix = "module."}});
  EXPECT_EQ(version, net[0]->version());
}

TEST(LoadRulesTest, OtherShapesAreSkipped) {
  nn::Linear fc(3, 2);
  const std::string before = bytes_of(fc->weight);
  MatchReport report;
  const nn::IncompatibleKeys keys =
      fc->load_state_dict(StateDict{{"weight", ones({5, 3})}, {"bias", ones({2})}},
                          {.rules = {.on_shape_mismatch = OnShapeMismatch::kSkip}, .report = &report});
  EXPECT_TRUE(keys.empty()) << "a skipped name is neither missing nor unexpected";
  EXPECT_EQ(bytes_of(fc->weight), before);
  EXPECT_TRUE(fc->bias.equal(ones({2})));
  ASSERT_EQ(report.skipped.size(), 1u);
  EXPECT_EQ(report.skipped[0].cause, ShapeCause::kFirstSize);
}

TEST(LoadRulesTest, SlicesAreWhatBothShapesHave) {
  struct Case {
    std::vector<std::int64_t> model, file;
  };
  const Case cases[] = {{{2, 3}, {5, 3}},       {{5, 3}, {2, 3}}, {{4, 2}, {2, 4}}, {{3}, {5}},
                        {{2, 3, 4}, {3, 2, 5}}, {{0, 3}, {2, 3}}, {{2, 3}, {0, 0}}, {{1, 1}, {9, 9}}};
  int checked = 0;
  for (const Case& c : cases) {
    for (const bool assign : {false, true}) {
      for (const bool turned : {false, true}) {
        const auto m = std::make_shared<nn::Module>();
        m->register_buffer("b", full(c.model, -1.0));
        Tensor given = arange(numel_of(c.file), kFloat64).view(c.file);
        if (turned && given.dim() == 2) given = given.t().contiguous().t();
        m->load_state_dict(StateDict{{"b", given}},
                           {.assign = assign, .rules = {.on_shape_mismatch = OnShapeMismatch::kSlice}});
        const Tensor b = m->buffer("b");
        EXPECT_EQ(b.sizes().vec(), c.model);
        EXPECT_EQ(b.dtype(), assign ? kFloat64 : kFloat32);
        // Element by element, as the rule says it.
        const Tensor flat = b.contiguous().view({-1});
        std::vector<std::int64_t> at(c.model.size(), 0);
        for (std::int64_t i = 0; i < flat.numel(); ++i) {
          std::int64_t rest = i;
          bool inside = true;
          for (std::size_t d = c.model.size(); d > 0; --d) {
            at[d - 1] = rest % c.model[d - 1];
            rest /= c.model[d - 1];
            inside = inside && at[d - 1] < c.file[d - 1];
          }
          double expected = -1;
          if (inside) {
            Tensor element = given;
            for (const std::int64_t index : at) element = element[index];
            expected = element.item<double>();
          }
          EXPECT_EQ(flat[i].item<double>(), expected);
          ++checked;
        }
      }
    }
  }
  std::cout << "[ cases ] " << checked << " elements of " << 4 * std::size(cases) << " slices\n";
}

TEST(LoadRulesTest, AnotherNumberOfDimensionsCannotBeSliced) {
  nn::Linear fc(3, 2);
  EXPECT_EQ(
      text_of<nn::LoadStateDictError>([&] {
        fc->load_state_dict(StateDict{{"weight", ones({6})}, {"bias", ones({3})}},
                            {.rules = {.on_shape_mismatch = OnShapeMismatch::kSlice}});
      }),
      "Error(s) in loading state_dict for Linear:\n\tsize mismatch for weight: copying a param with shape "
      "torch.Size([6]) from checkpoint, the shape in current model is torch.Size([2, 3]).");
}

TEST(LoadRulesTest, OtherTypesAreRefusedIfToldSo) {
  nn::Linear fc(3, 2);
  for (const bool assign : {false, true}) {
    EXPECT_EQ(
        text_of<nn::LoadStateDictError>([&] {
          fc->load_state_dict(StateDict{{"weight", ones({2, 3}, kFloat64)}, {"bias", ones({2})}},
                              {.assign = assign, .rules = {.on_dtype_mismatch = OnDTypeMismatch::kRefuse}});
        }),
        "Error(s) in loading state_dict for Linear:\n\tdtype mismatch for weight: copying a param with dtype "
        "torch.float64 from checkpoint, the dtype in current model is torch.float32.");
  }
  MatchReport report;
  fc->load_state_dict(StateDict{{"weight", ones({2, 3}, kFloat64)}, {"bias", ones({2})}},
                      {.report = &report});
  ASSERT_EQ(report.dtype_changes.size(), 1u);
  EXPECT_EQ(report.dtype_changes[0].from, "float64");
  EXPECT_FALSE(report.dtype_changes[0].is_exact);
}

TEST(LoadRulesTest, TiedNamesAreAskedForOnce) {
  for (const bool assign : {false, true}) {
    for (const std::string given : {"embedding.weight", "decoder.weight"}) {
      SCOPED_TRACE(given + (assign ? ", assigned" : ""));
      testing::TiedEmbedding net;
      StateDict state = without_metadata(testing::TiedEmbedding()->state_dict());
      state.erase(given == "embedding.weight" ? "decoder.weight" : "embedding.weight");
      EXPECT_THROW(net->load_state_dict(state), nn::LoadStateDictError);
      MatchReport report;
      EXPECT_TRUE(
          net->load_state_dict(
                 state, {.assign = assign, .rules = {.tied_names = TiedNames::kOnce}, .report = &report})
              .empty());
      EXPECT_TRUE(net->embedding->weight.equal(state[given]));
      EXPECT_TRUE(net->decoder->weight.is_same(net->embedding->weight)) << "still tied";
      ASSERT_EQ(report.ties.size(), 1u);
      EXPECT_EQ(report.ties[0].kind, MatchTie::Kind::kGivenOnce);
      EXPECT_TRUE(report.fits());
    }
  }
}

TEST(LoadRulesTest, NamesThatNobodyGivesStayMissing) {
  testing::TiedEmbedding net;
  StateDict state = without_metadata(net->state_dict());
  state.erase("embedding.weight");
  state.erase("decoder.weight");
  state.erase("hidden.bias");
  const nn::IncompatibleKeys keys =
      net->load_state_dict(state, {.strict = false, .rules = {.tied_names = TiedNames::kOnce}});
  EXPECT_EQ(keys.missing_keys, (Names{"embedding.weight", "hidden.bias", "decoder.weight"}));
}

TEST(LoadRulesTest, DifferentValuesForOneParameterAreSaid) {
  testing::TiedEmbedding net;
  StateDict state = without_metadata(net->state_dict());
  state["decoder.weight"] = full({10, 6}, 2.0);
  MatchReport report;
  net->load_state_dict(state, {.report = &report});
  ASSERT_EQ(report.ties.size(), 1u);
  EXPECT_EQ(report.ties[0].kind, MatchTie::Kind::kInModel);
  EXPECT_TRUE(report.ties[0].differs);
  EXPECT_EQ(report.ties[0].stays, "decoder.weight");
  EXPECT_TRUE(net->embedding->weight.equal(full({10, 6}, 2.0))) << "the last stays, as in PyTorch";
}

TEST(LoadRulesTest, LastEntryThatFailsLeavesAllAsItWas) {
  // Every rule in force, and the last entry wrong in each way.
  struct Case {
    const char* what;
    MatchRules rules;
    std::function<void(StateDict&)> spoil;
    bool always;  // assigned too
  };
  const auto last = [](const Tensor& value) { return [value](StateDict& s) { s["2.bias"] = value; }; };
  const Case cases[] = {
      {"shape", {}, last(zeros({7})), true},
      {"shape, under strip", {.strip_prefix = "m."}, last(zeros({7})), true},
      {"shape, under rename", {.rename = {{"/^/", ""}}}, last(zeros({7})), true},
      {"shape, under filter", {.filter = "*"}, last(zeros({7})), true},
      {"slice", {.on_shape_mismatch = OnShapeMismatch::kSlice}, last(zeros({2, 2})), true},
      {"slice without values",
       {.on_shape_mismatch = OnShapeMismatch::kSlice},
       last(zeros({7}).to(kMeta)),
       true},
      {"type", {.on_dtype_mismatch = OnDTypeMismatch::kRefuse}, last(zeros({2}, kFloat64)), true},
      {"type, though skipping shapes",
       {.on_shape_mismatch = OnShapeMismatch::kSkip, .on_dtype_mismatch = OnDTypeMismatch::kRefuse},
       last(zeros({2}, kInt32)),
       true},
      {"missing", {}, [](StateDict& s) { s.erase("2.bias"); }, true},
      {"missing, tied names once",
       {.tied_names = TiedNames::kOnce},
       [](StateDict& s) { s.erase("2.bias"); },
       true},
      {"unexpected", {}, [](StateDict& s) { s.insert("2.x", zeros({1})); }, true},
      {"unexpected after renaming", {.add_prefix = "z."}, [](StateDict&) {}, true},
      {"two names become one", {.rename = {{"0.", "2."}}}, [](StateDict&) {}, true},
      {"no expression", {.rename = {{"/(/", ""}}}, [](StateDict&) {}, true},
      {"None", {}, last(Tensor()), true},
      {"integers with gradients", {}, last(zeros({2}, kInt32)), false},
  };
  int loads = 0;
  for (const Case& c : cases) {
    for (const bool assign : {false, true}) {
      if (!assign && !c.always) continue;
      for (const bool dry : {false, true}) {
        SCOPED_TRACE(std::string(c.what) + (assign ? ", assigned" : "") + (dry ? ", dry" : ""));
        nn::Sequential net = three();
        StateDict state = without_metadata(three()->state_dict());
        state["0.weight"] = ones({3, 2});
        c.spoil(state);
        const auto before = net->named_parameters();
        Names bytes;
        for (const auto& [name, p] : before) bytes.push_back(bytes_of(p));
        const nn::LoadStateDictOptions options{.assign = assign, .rules = c.rules, .dry_run = dry};
        try {
          net->load_state_dict(state, options);
          EXPECT_TRUE(dry) << "it was loaded";
        } catch (const Error&) {
        }
        ++loads;
        const auto after = net->named_parameters();
        for (std::size_t i = 0; i < before.size(); ++i) {
          EXPECT_TRUE(after[i].value().is_same(before[i].value())) << before[i].key();
          EXPECT_EQ(bytes_of(after[i].value()), bytes[i]) << before[i].key();
          EXPECT_TRUE(after[i].value().requires_grad());
        }
      }
    }
  }
  std::cout << "[ cases ] " << loads << " loads that fail in the last entry\n";
}

TEST(LoadRulesTest, DryRunChangesNothingWhereAllFits) {
  for (const bool assign : {false, true}) {
    nn::Sequential net = three();
    const Tensor weight = net->parameters()[0];
    const std::string before = bytes_of(weight);
    EXPECT_TRUE(net->load_state_dict(three()->state_dict(), {.assign = assign, .dry_run = true}).empty());
    EXPECT_TRUE(net->parameters()[0].is_same(weight));
    EXPECT_EQ(bytes_of(weight), before);
  }
}

TEST(LoadRulesTest, WithoutAtomicityWhatFitsIsCopied) {
  nn::Sequential net = three();
  StateDict state = without_metadata(three()->state_dict());
  state["2.bias"] = zeros({7});
  EXPECT_THROW(net->load_state_dict(state, {.atomic = false}), nn::LoadStateDictError);
  EXPECT_TRUE(net->parameters()[0].equal(state["0.weight"])) << "as PyTorch does";
}

TEST(LoadRulesTest, TransferInOneCall) {
  // What transfer learning does: another head, a prefix, and half precision in the file.
  nn::Sequential source{nn::Linear(4, 6), nn::ReLU(), nn::Linear(6, 10)};
  nn::Sequential net{nn::Linear(4, 6), nn::ReLU(), nn::Linear(6, 3)};
  StateDict state;
  for (const auto& [name, value] : source->state_dict()) state.insert("module." + name, value.to(kFloat16));
  MatchReport report;
  net->load_state_dict(
      state,
      {.rules = {.strip_prefix = "module.", .on_shape_mismatch = OnShapeMismatch::kSkip}, .report = &report});
  Names frozen;
  for (const MatchedName& m : report.loaded) {
    net->get_parameter(m.name).requires_grad_(false);
    frozen.push_back(m.name);
  }
  EXPECT_EQ(frozen, (Names{"0.weight", "0.bias"}));
  EXPECT_TRUE(net->parameters()[2].requires_grad());
  EXPECT_TRUE(net->parameters()[0].equal(source->parameters()[0].to(kFloat16).to(kFloat32)));
}

}  // namespace
}  // namespace ballast
