// Every array of tests/data/rng/golden_avx2.npz, drawn again. The key of an array names its call: tests/data/rng/README.md.
#include <iostream>
#include <set>
#include <sstream>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/cpu.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"
#include "ballast/ops/random_trunc_normal.h"

namespace ballast {
namespace {

using testing::bytes_of;

const std::map<std::string, Tensor>& golden() {
  static const auto arrays = testing::read_npz("rng/golden_avx2.npz");
  return arrays;
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, by);) out.push_back(part);
  return out;
}

DType short_dtype(const std::string& name) {
  static const std::map<std::string, DType> kNames{
      {"f32", kFloat32}, {"f64", kFloat64}, {"f16", kFloat16}, {"bf16", kBFloat16}, {"i64", kInt64},
      {"i32", kInt32},   {"i16", kInt16},   {"i8", kInt8},     {"u8", kUInt8},      {"bool", kBool}};
  return kNames.at(name);
}

std::int64_t number_after(const std::string& part) { return std::stoll(part.substr(1)); }

/// "-5_7", "0_2p28m1": two bounds.
std::pair<std::int64_t, std::int64_t> bounds(const std::string& text) {
  const auto one = [](const std::string& t) -> std::int64_t {
    const auto p = t.find('p');
    if (p == std::string::npos) return std::stoll(t);
    const auto m = t.find('m');
    return (std::int64_t{1} << std::stoll(t.substr(p + 1))) -
           (m == std::string::npos ? 0 : std::stoll(t.substr(m + 1)));
  };
  const auto at = text.find('_', 1);
  return {one(text.substr(0, at)), one(text.substr(at + 1))};
}

Tensor truncated(const Tensor& t, const std::string& how) {
  static const std::map<std::string, std::pair<double, double>> kBounds{
      {"-2_2", {-2, 2}}, {"-1_1", {-1, 1}}, {"1.5_3_uniform_branch", {1.5, 3}}};
  const auto [a, b] = kBounds.at(how);
  trunc_normal_fill(t, 0, 1, a, b);
  return t;
}

Tensor dropout_of_ones(DType dtype) { return dropout_mask(ones(40, dtype), 0.25); }

/// The call that a key without its seed names.
Tensor draw(const std::string& key) {
  const auto part = split(key, '/');
  const std::string& what = part[0];
  const auto n = [&] { return number_after(part[2]); };
  const auto made = [&] { return empty(n(), short_dtype(part[1])); };
  const auto forty = [&] { return empty(40, short_dtype(part[1])); };
  if (what == "rand") return rand(n(), short_dtype(part[1]));
  if (what == "randn") return randn(n(), short_dtype(part[1]));
  if (what == "uniform_") return made().uniform_(-2, 3);
  if (what == "normal_") return made().normal_(1.5, 0.7);
  if (what == "raw64")
    return empty(700, kInt64).random_(std::numeric_limits<std::int64_t>::min(), std::nullopt);
  if (what == "random_") return forty().random_();
  if (what == "randint") return randint(bounds(part[1]).first, bounds(part[1]).second, 40);
  if (what == "randperm") return randperm(std::stoll(part[1]));
  if (what == "bernoulli_scalar") return forty().bernoulli_(std::stod(part[2].substr(1)));
  if (what == "bernoulli_tensor")
    return bernoulli(full(40, std::stod(part[2].substr(1)), short_dtype(part[1])));
  if (what == "dropout") return dropout_of_ones(short_dtype(part[1]));
  if (what == "exponential_") return forty().exponential_(1.5);
  if (what == "log_normal_") return forty().log_normal_(0.5, 0.75);
  if (what == "geometric_") return forty().geometric_(0.3);
  if (what == "cauchy_") return forty().cauchy_();
  if (what == "trunc_normal_") return truncated(made(), part[3]);
  if (what == "normal_noncontiguous") return empty({8, 4}).t().normal_();
  if (what == "multinomial") return multinomial(tensor({0.1, 0.2, 0.3, 0.4, 0.5, 0.6}), 3);
  throw std::runtime_error("no call known for " + key);
}

using Draw = Tensor (*)();

const std::map<std::string, Draw>& mixed_calls() {
  static const std::map<std::string, Draw> kCalls{
      {"rand(3)", [] { return rand(3); }},
      {"randn(20)", [] { return randn(20); }},
      {"randperm(10)", [] { return randperm(10); }},
      {"randint(0,100,(7,))", [] { return randint(0, 100, 7); }},
      {"randint(0,2**40,(5,))", [] { return randint(0, std::int64_t{1} << 40, 5); }},
      {"empty(9).bernoulli_(0.3)", [] { return empty(9).bernoulli_(0.3); }},
      {"dropout(ones(40),0.25)", [] { return dropout_of_ones(kFloat32); }},
      {"empty(5).exponential_(1.5)", [] { return empty(5).exponential_(1.5); }},
      {"trunc_normal_(empty(30))", [] { return truncated(empty(30), "-2_2"); }},
      {"rand(2,float64)", [] { return rand(2, kFloat64); }},
      {"rand(4,bfloat16)", [] { return rand(4, kBFloat16); }},
      {"randn(2,2)",
       [] {
         return randn({2, 2});
       }},
      {"rand(1)", [] { return rand(1); }},
      {"randn(3)", [] { return randn(3); }},
      {"rand(2)", [] { return rand(2); }},
      {"randn(16)", [] { return randn(16); }},
      {"randn(1)_from_cache", [] { return randn(1); }},
      {"randn(1)", [] { return randn(1); }},
      {"randn(2,float64)", [] { return randn(2, kFloat64); }},
      {"empty(1).normal_(5,0.5)_from_cache", [] { return empty(1).normal_(5, 0.5); }},
      {"empty(1).log_normal_()", [] { return empty(1).log_normal_(); }},
      {"randn(1)_from_cache_of_log_normal", [] { return randn(1); }},
  };
  return kCalls;
}

std::uint64_t seed_of(const std::string& key) { return std::stoull(key.substr(1, key.find('/') - 1)); }
std::string without_seed(const std::string& key) { return key.substr(key.find('/') + 1); }

void expect_same(const Tensor& drawn, const std::string& key) {
  const Tensor& expected = golden().at(key);
  EXPECT_EQ(drawn.sizes(), expected.sizes()) << key;
  EXPECT_EQ(bytes_of(drawn), bytes_of(expected)) << key;
}

/// What the keys state/... of a seed hold.
std::map<std::string, Tensor> states(std::uint64_t seed) {
  std::map<std::string, Tensor> out;
  manual_seed(seed);
  static_cast<void>(rand(5));
  static_cast<void>(randn(3));
  const Tensor saved = get_rng_state();
  out["bytes"] = saved;
  out["after_randn(5)"] = randn(5);
  set_rng_state(saved);
  out["again_randn(5)"] = randn(5);
  out["then_rand(3)"] = rand(3);
  const Generator own;
  out["new_generator_initial_seed"] = full({}, static_cast<std::int64_t>(own.initial_seed()), kInt64);
  own.manual_seed(seed);
  out["fresh_bytes"] = own.get_state();
  static_cast<void>(rand(1000, own));
  out["bytes_after_rand(1000)"] = own.get_state();
  out["generator_randn(17)"] = randn(17, own);
  return out;
}

/// Every array again, and the number of arrays.
int draw_all() {
  int cases = 0;
  std::set<std::string> sequences;  // begun: their generator goes on
  std::map<std::uint64_t, std::map<std::string, Tensor>> states_of;
  for (const auto& entry : golden()) {
    const std::string& key = entry.first;
    const std::uint64_t seed = seed_of(key);
    const std::string call = without_seed(key);
    Tensor drawn;
    if (call.starts_with("mix")) {
      if (sequences.insert(key.substr(0, key.rfind('/'))).second) manual_seed(seed);
      drawn = mixed_calls().at(call.substr(call.find('_') + 1))();
    } else if (call.starts_with("state/")) {
      if (!states_of.contains(seed)) states_of[seed] = states(seed);
      drawn = states_of[seed].at(call.substr(6));
    } else {
      manual_seed(seed);
      drawn = draw(call);
    }
    expect_same(drawn, key);
    ++cases;
  }
  return cases;
}

TEST(RandomGolden, EveryArrayIsDrawnAgainAtEverySimdLevel) {
  const int recorded = testing::read_json("rng/capabilities.json").at("arrays");
  for (const SimdLevel level : {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512}) {
    if (level > best_simd_level()) continue;
    set_simd_level(level);
    const int cases = draw_all();
    std::cout << "[ cases ] " << cases << " of rng/golden_avx2.npz, SIMD level " << static_cast<int>(level)
              << '\n';
    EXPECT_EQ(cases, recorded);
  }
  set_simd_level(best_simd_level());
}

}  // namespace
}  // namespace ballast
