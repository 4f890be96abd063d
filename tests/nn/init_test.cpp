// nn::init against PyTorch: every value, warning and error of tests/data/init.
#include "ballast/nn/init.h"

#include <cmath>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <string>

#include "tests/nn/warning_log.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/print.h"
#include "ballast/nn/layers/layers.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"

namespace ballast {
namespace {

namespace init = nn::init;
using testing::Json;
using testing::WarningLog;

double number(const Json& row, std::size_t position, const char* keyword, double otherwise) {
  if (row["args"].size() > position) return row["args"][position].get<double>();
  if (row["kwargs"].contains(keyword)) return row["kwargs"][keyword].get<double>();
  return otherwise;
}

std::string text(const Json& row, const char* keyword, const char* otherwise) {
  return row["kwargs"].contains(keyword) ? row["kwargs"][keyword].get<std::string>() : otherwise;
}

Scalar scalar(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return value.get<double>();
}

Tensor call(const Json& row, const Tensor& t) {
  using std::string;
  const string fn = row["fn"];
  const auto gain = [&row] { return number(row, 0, "gain", 1); };
  if (fn == "uniform_") return init::uniform_(t, number(row, 0, "a", 0), number(row, 1, "b", 1));
  if (fn == "normal_") return init::normal_(t, number(row, 0, "mean", 0), number(row, 1, "std", 1));
  if (fn == "trunc_normal_") {
    return init::trunc_normal_(t, number(row, 0, "mean", 0), number(row, 1, "std", 1),
                               number(row, 2, "a", -2), number(row, 3, "b", 2));
  }
  if (fn == "constant_") return init::constant_(t, scalar(row["args"][0]));
  if (fn == "ones_") return init::ones_(t);
  if (fn == "zeros_") return init::zeros_(t);
  if (fn == "eye_") return init::eye_(t);
  if (fn == "dirac_") return init::dirac_(t, static_cast<std::int64_t>(number(row, 0, "groups", 1)));
  if (fn == "xavier_uniform_") return init::xavier_uniform_(t, gain());
  if (fn == "xavier_normal_") return init::xavier_normal_(t, gain());
  if (fn == "kaiming_uniform_") {
    return init::kaiming_uniform_(t, number(row, 0, "a", 0), text(row, "mode", "fan_in"),
                                  text(row, "nonlinearity", "leaky_relu"));
  }
  if (fn == "kaiming_normal_") {
    return init::kaiming_normal_(t, number(row, 0, "a", 0), text(row, "mode", "fan_in"),
                                 text(row, "nonlinearity", "leaky_relu"));
  }
  if (fn == "orthogonal_") return init::orthogonal_(t, gain());
  if (fn == "sparse_") return init::sparse_(t, number(row, 0, "sparsity", 0), number(row, 1, "std", 0.01));
  throw std::runtime_error("no such function: " + fn);
}

/// q q^T, or q^T q of a tall matrix, is gain^2 times the identity.
void expect_orthogonal(const Tensor& weight, double gain, double tolerance) {
  const Tensor rows = weight.reshape({weight.size(0), weight.numel() / weight.size(0)}).to(kFloat64);
  const Tensor wide = rows.size(0) <= rows.size(1) ? rows : rows.t();
  const Tensor product = wide.matmul(wide.t()).div(gain * gain);
  const Tensor off = product.sub(eye(wide.size(0), kFloat64)).abs();
  EXPECT_LE(off.max().item<double>(), tolerance);
}

TEST(Init, EveryCallGivesPyTorchsBitsWarningsAndDraws) {
  const Json rows = testing::read_json("init/init.json");
  const auto arrays = testing::read_npz("init/init.npz");
  int cases = 0;
  for (const Json& row : rows) {
    SCOPED_TRACE(row["key"].get<std::string>());
    const DType dtype = dtype_from_name(row["dtype"].get<std::string>()).value();
    manual_seed(row["seed"].get<std::uint64_t>());
    const Tensor t =
        full(row["shape"].get<std::vector<std::int64_t>>(), std::numeric_limits<double>::quiet_NaN(), dtype);
    const WarningLog log;
    const Tensor result = call(row, t);
    EXPECT_TRUE(result.is_same(t));
    EXPECT_EQ(log.texts, row["warnings"].get<std::vector<std::string>>());
    EXPECT_EQ(rand({1}).item<double>(), row["next_rand"].get<double>());

    const Tensor& expected = arrays.at(row["key"]);
    if (row["fn"] != "orthogonal_") {
      EXPECT_EQ(testing::bytes_of(t), testing::bytes_of(expected));
    } else if (t.numel() != 0) {
      const double gain = number(row, 0, "gain", 1);
      const bool wide_type = dtype == kFloat64;
      EXPECT_TRUE(t.allclose(expected, 0, wide_type ? 1e-12 : 1e-5));
      expect_orthogonal(t, gain, wide_type ? 1e-14 : 1e-6);
    }
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of init/init.json\n";
  EXPECT_GT(cases, 0);
}

TEST(Init, GainsAreThoseOfPyTorch) {
  const Json rows = testing::read_json("init/gains.json");
  int cases = 0;
  for (const Json& row : rows) {
    SCOPED_TRACE(row.dump());
    std::optional<Scalar> param;
    if (!row["param"].is_null()) param = scalar(row["param"]);
    const double gain = init::calculate_gain(row["nonlinearity"].get<std::string>(), param);
    const std::string expected = row["gain"];
    EXPECT_EQ(gain, std::stod(expected));
    if (expected.find('.') != std::string::npos) {
      EXPECT_EQ(python_repr(gain), expected);
    }
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of init/gains.json\n";
  EXPECT_GT(cases, 0);
}

const std::map<std::string, std::function<void()>>& error_calls() {
  using nn::Conv2dOptions;
  static const auto e = [](IntArrayRef sizes) { return empty(sizes); };
  static const double nan = std::numeric_limits<double>::quiet_NaN();
  static const std::map<std::string, std::function<void()>> calls = {
      {"xavier_uniform_(empty(3))", [] { init::xavier_uniform_(e(3)); }},
      {"xavier_normal_(empty(3))", [] { init::xavier_normal_(e(3)); }},
      {"xavier_uniform_(tensor(1.0))", [] { init::xavier_uniform_(e({})); }},
      {"kaiming_uniform_(empty(3))", [] { init::kaiming_uniform_(e(3)); }},
      {"kaiming_normal_(empty(3))", [] { init::kaiming_normal_(e(3)); }},
      {"kaiming_uniform_(empty(3, 3), mode='fan_avg')",
       [] {
         init::kaiming_uniform_(e({3, 3}), 0, "fan_avg");
       }},
      {"kaiming_normal_(empty(3, 3), mode='IN')",
       [] {
         init::kaiming_normal_(e({3, 3}), 0, "IN");
       }},
      {"kaiming_normal_(empty(3, 3), nonlinearity='swish')",
       [] {
         init::kaiming_normal_(e({3, 3}), 0, kFanIn, "swish");
       }},
      {"kaiming_uniform_(empty(3, 3), nonlinearity='gelu')",
       [] {
         init::kaiming_uniform_(e({3, 3}), 0, kFanIn, "gelu");
       }},
      {"kaiming_uniform_(empty(3), mode='bad')", [] { init::kaiming_uniform_(e(3), 0, "bad"); }},
      {"kaiming_uniform_(empty(3, 3), mode='bad', nonlinearity='bad')",
       [] {
         init::kaiming_uniform_(e({3, 3}), 0, "bad", "bad");
       }},
      {"calculate_gain('swish')", [] { std::ignore = init::calculate_gain("swish"); }},
      {"calculate_gain('ReLU')", [] { std::ignore = init::calculate_gain("ReLU"); }},
      {"calculate_gain('leaky_relu', True)", [] { std::ignore = init::calculate_gain("leaky_relu", true); }},
      {"eye_(empty(3))", [] { init::eye_(e(3)); }},
      {"eye_(empty(2, 2, 2))",
       [] {
         init::eye_(e({2, 2, 2}));
       }},
      {"dirac_(empty(2, 2))",
       [] {
         init::dirac_(e({2, 2}));
       }},
      {"dirac_(empty(1, 1, 1, 1, 1, 1))",
       [] {
         init::dirac_(e({1, 1, 1, 1, 1, 1}));
       }},
      {"dirac_(empty(5, 2, 3), 2)",
       [] {
         init::dirac_(e({5, 2, 3}), 2);
       }},
      {"orthogonal_(empty(3))", [] { init::orthogonal_(e(3)); }},
      {"sparse_(empty(3), 0.1)", [] { init::sparse_(e(3), 0.1); }},
      {"sparse_(empty(2, 2, 2), 0.1)",
       [] {
         init::sparse_(e({2, 2, 2}), 0.1);
       }},
      {"normal_(empty(3), 0, -1)", [] { init::normal_(e(3), 0, -1); }},
      {"uniform_(empty(3), 1, 0)", [] { init::uniform_(e(3), 1, 0); }},
      {"uniform_(empty(3, int64))", [] { init::uniform_(empty(3, kInt64)); }},
      {"normal_(empty(3, int64))", [] { init::normal_(empty(3, kInt64)); }},
      {"normal_(empty(3), nan)", [] { init::normal_(e(3), nan); }},
      {"empty(3).bernoulli_(1.5)", [] { e(3).bernoulli_(1.5); }},
      {"empty(3).exponential_(0)", [] { e(3).exponential_(0); }},
      {"empty(3).exponential_(-1)", [] { e(3).exponential_(-1); }},
      {"nn.Dropout(-0.1)", [] { nn::Dropout(-0.1); }},
      {"randint(5, 5, (2,))", [] { std::ignore = randint(5, 5, {2}); }},
      {"randperm(-1)", [] { std::ignore = randperm(-1); }},
      {"manual_seed(-1) then rand", [] { manual_seed(static_cast<std::uint64_t>(-1)); }},
      {"set_rng_state(zeros(10, uint8))", [] { set_rng_state(zeros(10, kUInt8)); }},
      {"set_rng_state(zeros(5056))", [] { set_rng_state(zeros(5056)); }},
      {"set_rng_state(zeros(5056, uint8))", [] { Generator().set_state(zeros(5056, kUInt8)); }},
      {"Parameter(tensor([1, 2])) (integers with requires_grad)", [] { Parameter(zeros(2, kInt64)); }},
      {"Conv2d(3, 4, 3, groups=2)", [] { nn::Conv2d(Conv2dOptions(3, 4, 3).groups(2)); }},
      {"Conv2d(4, 3, 3, groups=2)", [] { nn::Conv2d(Conv2dOptions(4, 3, 3).groups(2)); }},
      {"Conv2d(2, 2, 3, groups=0)", [] { nn::Conv2d(Conv2dOptions(2, 2, 3).groups(0)); }},
      {"Conv2d(2, 2, 3, padding='same', stride=2)",
       [] { nn::Conv2d(Conv2dOptions(2, 2, 3).padding(kSame).stride(2)); }},
      {"Conv2d(2, 2, 3, padding_mode='bad')", [] { nn::Conv2d(Conv2dOptions(2, 2, 3).padding_mode("bad")); }},
      {"GroupNorm(3, 4)", [] { nn::GroupNorm(3, 4); }},
      {"Embedding(4, 2, padding_idx=4)", [] { nn::Embedding(nn::EmbeddingOptions(4, 2).padding_idx(4)); }},
      {"Embedding(4, 2, padding_idx=-5)", [] { nn::Embedding(nn::EmbeddingOptions(4, 2).padding_idx(-5)); }},
      {"Bilinear(0, 1, 1)", [] { nn::Bilinear(0, 1, 1); }},
      {"MultiheadAttention(5, 2)", [] { nn::MultiheadAttention(5, 2); }},
      {"LSTM(0, 3)", [] { nn::LSTM(0, 3); }},
      {"LSTM(3, 0)", [] { nn::LSTM(3, 0); }},
      {"LSTM(2, 3, num_layers=0)", [] { nn::LSTM(nn::LSTMOptions(2, 3).num_layers(0)); }},
      {"RNN(2, 3, nonlinearity='gelu')", [] { nn::RNN(nn::RNNOptions(2, 3).nonlinearity("gelu")); }},
      {"LSTM(2, 3, dropout=2)", [] { nn::LSTM(nn::LSTMOptions(2, 3).dropout(2)); }},
      {"GRU(2, 3, num_layers=1, dropout=0.5) (a warning)",
       [] { nn::GRU(nn::GRUOptions(2, 3).dropout(0.5)); }},
      {"Linear(0, 2) (a warning)", [] { nn::Linear(0, 2); }},
  };
  return calls;
}

// What C++'s types rule out, and functional dropout, which comes with the operations that compute.
const std::map<std::string, const char*> kSkipped = {
    {"calculate_gain('leaky_relu', 'x')", "a slope is a number"},
    {"manual_seed(2**64)", "a seed has 64 bits"},
    {"F.dropout(ones(2), 1.5)", "not written yet"},
};

TEST(Init, BadInputIsRefusedWithPyTorchsWords) {
  const Json rows = testing::read_json("init/errors.json");
  int cases = 0, skipped = 0;
  for (const Json& row : rows) {
    const std::string name = row["call"];
    SCOPED_TRACE(name);
    if (kSkipped.contains(name)) {
      ++skipped;
      continue;
    }
    ASSERT_TRUE(error_calls().contains(name)) << "no C++ twin";
    const WarningLog log;
    if (row["raises"].is_null()) {
      EXPECT_NO_THROW(error_calls().at(name)());
    } else {
      try {
        error_calls().at(name)();
        ADD_FAILURE() << "nothing was thrown; expected " << row["message"];
      } catch (const Error& error) {
        EXPECT_EQ(error.what(), row["message"].get<std::string>());
      }
    }
    std::vector<std::string> warnings;
    if (row.contains("warnings")) {
      for (const Json& w : row["warnings"]) warnings.push_back(w["message"]);
    }
    EXPECT_EQ(log.texts, warnings);
    ++cases;
  }
  std::cout << "[ cases ] " << cases << " of init/errors.json, " << skipped << " without a meaning in C++\n";
  EXPECT_GT(cases, 0);
}

}  // namespace
}  // namespace ballast
