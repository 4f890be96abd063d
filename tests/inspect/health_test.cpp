// Each finding of health() has a state made to have it, and one that looks like it without having it.
#include "ballast/inspect/health.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "tests/inspect/samples.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"

namespace ballast {
namespace {

using inspect::Finding;
using inspect::Problem;
using inspect::Severity;
using namespace testing;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Entries = std::vector<std::pair<std::string, Tensor>>;

StateDict dict(const Entries& entries) {
  StateDict s;
  for (const auto& [name, t] : entries) s.insert(name, t);
  return s;
}

/// Weights as a layer of this fan-in begins with; every call gives others.
Tensor layer(std::int64_t out, std::int64_t in, double factor = 1) {
  static std::mt19937_64 random(31);
  return weights(random, kFloat32, {out, in}, factor / std::sqrt(3.0 * static_cast<double>(in)));
}

/// The same with one element changed.
Tensor with(const Tensor& t, const std::vector<std::pair<std::size_t, double>>& changes) {
  std::vector<double> values = values_of(t);
  for (const auto& [at, value] : changes) values[at] = value;
  return tensor_of(values, t.dtype(), t.sizes().vec());
}

Tensor filled(double value, const std::vector<std::int64_t>& sizes, DType dtype = kFloat32) {
  const std::int64_t n = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
  return tensor_of(std::vector<double>(static_cast<std::size_t>(n), value), dtype, sizes);
}

Tensor copy(const Tensor& t) { return tensor_of(values_of(t), t.dtype(), t.sizes().vec()); }

Tensor batches(double n) { return tensor_of({n}, kInt64, {}); }

/// The one finding of a state; a finding with no name if there are more or none.
Finding only(const Entries& entries) {
  const auto all = inspect::health(dict(entries));
  std::string text;
  for (const Finding& f : all) text += fmt::format("{} {} {}; ", f.name, problem_name(f.problem), f.reason);
  EXPECT_EQ(all.size(), 1) << text;
  return all.size() == 1 ? all.front() : Finding{};
}

void expect_healthy(const Entries& entries) {
  for (const Finding& f : inspect::health(dict(entries))) {
    ADD_FAILURE() << f.name << ": " << problem_name(f.problem) << ": " << f.reason;
  }
}

void expect_finding(const Finding& f, Severity severity, Problem problem, const std::string& name,
                    double number, const std::string& reason) {
  EXPECT_EQ(f.severity, severity) << f.reason;
  EXPECT_EQ(problem_name(f.problem), problem_name(problem));
  EXPECT_EQ(f.name, name);
  EXPECT_DOUBLE_EQ(f.number, number);
  EXPECT_NE(f.reason.find(reason), std::string::npos) << f.reason;
}

TEST(Health, FindsNanAndInfinities) {
  const Tensor w = layer(8, 8);
  expect_finding(only({{"0.weight", with(w, {{3, kNan}, {9, kNan}, {11, -kInf}})}}), Severity::kError,
                 Problem::kNotFinite, "0.weight", 3, "2 of 64 values are NaN and 1 infinite");
  expect_finding(only({{"0.bias", vector_of({1, kInf})}}), Severity::kError, Problem::kNotFinite, "0.bias", 1,
                 "1 of 2 values is infinite");
  expect_finding(only({{"mask", vector_of({0, 1, -kInf})}}), Severity::kError, Problem::kNotFinite, "mask", 1,
                 "infinite");
  // What attention adds is zeros and -Inf; and large is not infinite.
  expect_healthy(
      {{"attn.mask", tensor_of({0, -kInf, 0, 0}, kFloat32, {2, 2})}, {"x", vector_of({3e4, -3e4})}});
}

TEST(Health, FindsWeightsOfZerosAndConstants) {
  expect_finding(only({{"0.weight", filled(0, {4, 4})}}), Severity::kWarning, Problem::kAllZero, "0.weight",
                 16, "all 16 values are zero");
  expect_finding(only({{"norm.weight", filled(0, {4})}}), Severity::kNote, Problem::kAllZero, "norm.weight",
                 4, "zero");
  expect_finding(only({{"0.weight", filled(0.25, {4, 4})}}), Severity::kWarning, Problem::kConstant,
                 "0.weight", 0.25, "all 16 values are 0.25");
  expect_healthy({{"0.bias", filled(0, {4})},
                  {"bn.weight", filled(1, {4})},
                  {"bn.running_mean", filled(0, {4})},
                  {"bn.running_var", filled(1, {4})},
                  {"q.lora_B.weight", filled(0, {4, 4})},
                  {"one.weight", filled(0.5, {1, 1})},
                  {"mask", filled(0, {4, 4}, kBool)},
                  {"positions", filled(0, {4, 4})}});
}

TEST(Health, FindsDeadRowsAndColumns) {
  std::vector<std::pair<std::size_t, double>> rows, columns;
  for (std::size_t i = 0; i < 10; ++i) {
    rows.emplace_back(2 * 10 + i, 0);
    rows.emplace_back(7 * 10 + i, -0.0);
    columns.emplace_back(i * 10 + 4, 0);
  }
  const Tensor w = layer(10, 10);
  expect_finding(only({{"0.weight", with(w, rows)}}), Severity::kWarning, Problem::kDeadRows, "0.weight", 2,
                 "2 of 10 rows are zero: outputs 2 and 7 do not depend on the input");
  expect_finding(only({{"0.weight", with(w, columns)}}), Severity::kWarning, Problem::kDeadColumns,
                 "0.weight", 1, "1 of 10 columns is zero: input 4 does nothing");
  // As many zeros, but one of the row is not; and the row of an embedding for padding.
  auto nearly = rows;
  nearly[0].second = 1e-3;
  nearly[1].second = 1e-3;
  auto padding = rows;
  std::erase_if(padding, [](const auto& change) { return change.first >= 70; });
  expect_healthy({{"0.weight", with(w, nearly)}, {"embedding.weight", with(w, padding)}});
  // A row that holds a NaN is not dead.
  auto broken = padding;
  broken[0].second = kNan;
  EXPECT_EQ(only({{"0.weight", with(w, broken)}}).problem, Problem::kNotFinite);
}

TEST(Health, FindsScalesFarFromInitialisation) {
  const Finding large = only({{"0.weight", layer(32, 48, 300)}});
  EXPECT_EQ(large.problem, Problem::kExploding);
  EXPECT_EQ(large.severity, Severity::kWarning);
  EXPECT_NEAR(large.number, 300, 30);
  EXPECT_NE(large.reason.find("fan-in of 48"), std::string::npos) << large.reason;
  const Finding small = only({{"0.weight", layer(32, 48, 1e-3)}});
  EXPECT_EQ(small.problem, Problem::kVanishing);
  EXPECT_NEAR(small.number, 1e-3, 1e-4);
  // Ten times more or less is training; an embedding begins with normal numbers; a bias has no fan-in.
  expect_healthy({{"0.weight", layer(32, 48, 10)},
                  {"1.weight", layer(32, 48, 0.1)},
                  {"embed_tokens.weight", layer(64, 3000, 95)},
                  {"0.bias", filled(500, {32})},
                  {"position_ids", layer(32, 48, 300)}});
}

TEST(Health, FindsDuplicatesThatAreNotTied) {
  const Tensor w = layer(8, 16);
  const Finding f =
      only({{"a.weight", w}, {"b.weight", copy(w)}, {"c.weight", copy(w)}, {"d.weight", layer(8, 16)}});
  expect_finding(f, Severity::kWarning, Problem::kDuplicate, "a.weight", 128,
                 "the same 128 values are stored 3 times");
  EXPECT_EQ(f.others, (std::vector<std::string>{"b.weight", "c.weight"}));
  expect_healthy({{"a.weight", w},  // tied is not stored twice
                  {"b.weight", w.alias({8, 16}, {16, 1}, 0)},
                  {"c.weight", with(w, {{5, 0.125}})},  // nearly the same
                  {"d.bias", filled(0.5, {128})},       // constants
                  {"e.bias", filled(0.5, {128})},
                  {"f.bias", vector_of({1, 2, 3})},  // too few to mean anything
                  {"g.bias", vector_of({1, 2, 3})}});
}

TEST(Health, FindsTiesThatASaveHasBroken) {
  const Tensor w = layer(40, 16);
  const Finding same = only({{"model.embed_tokens.weight", w}, {"lm_head.weight", copy(w)}});
  expect_finding(same, Severity::kNote, Problem::kBrokenTie, "model.embed_tokens.weight", 0,
                 "lm_head.weight");
  EXPECT_EQ(same.others, std::vector<std::string>{"lm_head.weight"});
  std::vector<double> moved = values_of(w);
  for (double& x : moved) x *= 1.01;
  const Finding near =
      only({{"encoder.weight", w}, {"decoder.weight", tensor_of(moved, kFloat32, {40, 16})}});
  EXPECT_EQ(near.severity, Severity::kWarning);
  EXPECT_EQ(near.problem, Problem::kBrokenTie);
  EXPECT_NEAR(near.number, 0.01, 1e-4);
  // Tied; of their own from the start; another shape.
  expect_healthy({{"embed_tokens.weight", w}, {"lm_head.weight", w}});
  expect_healthy({{"encoder.weight", layer(16, 16)}, {"decoder.weight", layer(16, 16)}});
  expect_healthy({{"embedding.weight", w}, {"head.weight", layer(16, 40)}});
}

TEST(Health, FindsVariancesThatAreNotPositive) {
  expect_finding(only({{"bn.running_var", vector_of({1, -0.5, 2})}}), Severity::kError, Problem::kVariance,
                 "bn.running_var", -0.5, "-0.5");
  expect_finding(only({{"bn.running_var", vector_of({1, 0, 2})}}), Severity::kWarning, Problem::kVariance,
                 "bn.running_var", 0, "1 of 3 variances is zero");
  expect_healthy({{"bn.running_var", vector_of({1, 1e-6, 2})}, {"bn.running_mean", vector_of({0, -1})}});
}

TEST(Health, FindsWhatSmallerTypesCannotHold) {
  expect_finding(only({{"x", vector_of({1, -7e4, 1e5})}}), Severity::kWarning, Problem::kOverflowsFloat16,
                 "x", 2, "2 of 3 values would become infinite in float16; the largest magnitude is 100000");
  // The first number that rounds to infinity, and the last that does not.
  EXPECT_EQ(only({{"x", vector_of({1, 65520})}}).problem, Problem::kOverflowsFloat16);
  expect_healthy({{"x", vector_of({1, 65519.99})},
                  {"already.half", vector_of({6e4}, kFloat16)},
                  {"n", vector_of({1e6}, kInt32)}});
  const auto largest = inspect::health(dict({{"x", vector_of({1, 3.4e38})}}));
  ASSERT_EQ(largest.size(), 2);
  EXPECT_EQ(largest[0].problem, Problem::kOverflowsFloat16);
  EXPECT_EQ(largest[1].problem, Problem::kOverflowsBFloat16);
  EXPECT_EQ(only({{"x", vector_of({1, 3.39e38})}}).problem, Problem::kOverflowsFloat16);

  expect_finding(only({{"x", vector_of({1, 1e-8, 0, 0})}}), Severity::kNote, Problem::kVanishesInFloat16, "x",
                 0.5, "1 of 2 values that are not zero would become zero in float16");
  EXPECT_EQ(only({{"x", vector_of({0x1p-25})}}).problem, Problem::kVanishesInFloat16);
  expect_healthy({{"x", vector_of({0x1.8p-25, 0, 0})}});
  // One in two hundred is usual, one of fifty may be chance; ten of two hundred are not.
  std::vector<double> few(200, 0.5);
  few[7] = 1e-9;
  expect_healthy({{"x", vector_of(few)}, {"y", vector_of({few.begin(), few.begin() + 50})}});
  std::fill_n(few.begin(), 10, 1e-9);
  EXPECT_DOUBLE_EQ(only({{"x", vector_of(few)}}).number, 0.05);
  const auto tiny = inspect::health(dict({{"x", vector_of({1e-41})}}));
  ASSERT_EQ(tiny.size(), 2);
  EXPECT_EQ(tiny[1].problem, Problem::kVanishesInBFloat16);
}

TEST(Health, FindsCountersThatAreOff) {
  expect_finding(only({{"bn.num_batches_tracked", batches(-1)}}), Severity::kError, Problem::kCounter,
                 "bn.num_batches_tracked", -1, "-1 batches");
  const Finding f = only({{"a.num_batches_tracked", batches(5000)},
                          {"b.num_batches_tracked", batches(5000)},
                          {"c.num_batches_tracked", batches(12)}});
  expect_finding(f, Severity::kNote, Problem::kCounter, "c.num_batches_tracked", 12,
                 "most layers counted 5000");
  expect_healthy({{"a.num_batches_tracked", batches(5000)},
                  {"b.num_batches_tracked", batches(4000)},
                  {"c.num_batches_tracked", batches(5000)}});
  expect_healthy({{"a.num_batches_tracked", batches(0)}, {"b.num_batches_tracked", batches(6)}});
  expect_healthy({{"offset", batches(-1)}});
}

TEST(Health, PutsTheWorstFirstAndNamesTiedTensorsOnce) {
  const Tensor bad = with(layer(8, 8), {{0, kNan}});
  const auto all = inspect::health(dict(
      {{"n.weight", filled(0, {4})}, {"a.weight", filled(0, {4, 4})}, {"b.weight", bad}, {"c.weight", bad}}));
  ASSERT_EQ(all.size(), 3);
  EXPECT_EQ(all[0].name, "b.weight");
  EXPECT_EQ(all[0].others, std::vector<std::string>{"c.weight"});
  EXPECT_EQ(all[1].name, "a.weight");
  EXPECT_EQ(all[2].name, "n.weight");
  EXPECT_EQ(severity_name(all[0].severity), "error");
  EXPECT_TRUE(inspect::health(StateDict()).empty());
  EXPECT_THROWN((void)inspect::health(dict({{"x", bad}}), std::vector<inspect::Statistics>{}), ValueError,
                "1 tensors, but got those of 0");
}

TEST(Health, FindsNothingInTrainedModelsAndCopiesInAFreshTransformer) {
  std::size_t tensors = 0;
  for (const char* const file :
       {"real/facenet_pnet.pt", "real/facenet_rnet.pt", "real/facenet_onet.pt", "checkpoints/zip/mlp.pth",
        "checkpoints/zip/small_resnet.pth", "checkpoints/zip/tied_embedding.pth"}) {
    const StateDict state = load(data_path(file)).state_dict();
    tensors += state.size();
    for (const Finding& f : inspect::health(state))
      ADD_FAILURE() << file << ' ' << f.name << ": " << f.reason;
  }
  // nn.TransformerEncoder begins with copies of one layer.
  const StateDict fresh = load(data_path("checkpoints/zip/transformer.pth")).state_dict();
  const auto copies = inspect::health(fresh);
  EXPECT_EQ(copies.size(), 4);
  for (const Finding& f : copies) {
    EXPECT_EQ(f.problem, Problem::kDuplicate) << f.reason;
    EXPECT_TRUE(f.name.starts_with("encoder.layers.0.")) << f.name;
    EXPECT_EQ(f.others.size(), 1);
  }
  std::printf("%zu tensors\n", tensors + fresh.size());
}

}  // namespace
}  // namespace ballast
