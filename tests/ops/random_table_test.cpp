// tests/data/rng/table.json: one call of every sampler, what it drew as a hash, and where the generator stood after it.
#include <cstring>
#include <functional>
#include <iostream>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/core/cpu.h"
#include "ballast/nn/init.h"
#include "ballast/ops/factories.h"
#include "ballast/ops/random.h"
#include "ballast/ops/random_trunc_normal.h"

namespace ballast {
namespace {

using testing::bytes_of;
using testing::Json;

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

/// Fowler, Noll and Vo, 64 bits.
std::string fnv1a(const std::string& bytes) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hex(h);
}

template <class T>
T at(const Tensor& state, std::size_t offset) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(state.data_ptr()) + offset, sizeof value);
  return value;
}

/// A row's call on the default generator; the elements in the order of their memory.
struct Row {
  const Json& row;
  std::int64_t n = row["n"];
  DType dtype = *dtype_from_name(row["dtype"].get<std::string>());

  [[nodiscard]] double real(std::size_t i) const { return row["args"][i]; }
  [[nodiscard]] std::int64_t integer(std::size_t i) const { return row["args"][i]; }
  [[nodiscard]] std::optional<std::int64_t> bound(std::size_t i) const {
    return row["args"][i].is_null() ? std::nullopt : std::optional(integer(i));
  }
  [[nodiscard]] Tensor made() const { return empty(n, dtype); }
};

const std::map<std::string, std::function<Tensor(const Row&)>>& calls() {
  static const std::map<std::string, std::function<Tensor(const Row&)>> kCalls{
      {"random_",
       [](const Row& r) {
         return r.row["args"].empty() ? r.made().random_() : r.made().random_(r.integer(0), r.bound(1));
       }},
      {"uniform_", [](const Row& r) { return r.made().uniform_(r.real(0), r.real(1)); }},
      {"normal_", [](const Row& r) { return r.made().normal_(r.real(0), r.real(1)); }},
      {"normal_transposed",
       [](const Row& r) {
         return empty({20, 30}, r.dtype).t().normal_().t();
       }},
      {"exponential_", [](const Row& r) { return r.made().exponential_(r.real(0)); }},
      {"log_normal_", [](const Row& r) { return r.made().log_normal_(r.real(0), r.real(1)); }},
      {"cauchy_", [](const Row& r) { return r.made().cauchy_(r.real(0), r.real(1)); }},
      {"geometric_", [](const Row& r) { return r.made().geometric_(r.real(0)); }},
      {"trunc_normal_",
       [](const Row& r) {
         Tensor t = r.made();
         trunc_normal_fill(t, r.real(0), r.real(1), r.real(2), r.real(3));
         return t;
       }},
      {"dropout", [](const Row& r) { return dropout_mask(ones(r.n, r.dtype), r.real(0)); }},
      {"randn", [](const Row& r) { return randn(r.n, r.dtype); }},
      {"bernoulli_", [](const Row& r) { return r.made().bernoulli_(r.real(0)); }},
      {"bernoulli_tensor",
       [](const Row& r) {
         const DType chances = *dtype_from_name(r.row["args"][0].get<std::string>());
         return r.made().bernoulli_(full({}, 0.3, chances));
       }},
      {"randint", [](const Row& r) { return randint(r.integer(0), r.integer(1), r.n, r.dtype); }},
      {"randperm", [](const Row& r) { return randperm(r.n, r.dtype); }},
      {"multinomial",
       [](const Row& r) {
         const Tensor weights = tensor({r.real(0), r.real(1), r.real(2), r.real(3)});
         return multinomial(weights, r.n, r.row["args"][4].get<bool>());
       }},
      {"sparse_",
       [](const Row& r) {
         return nn::init::sparse_(empty({50, 20}, r.dtype), r.real(0));
       }},
  };
  return kCalls;
}

TEST(RandomTable, EveryCallGivesTheBytesAndThePlaceOfPyTorch) {
  const Json table = testing::read_json("rng/table.json");
  int cases = 0;
  for (const SimdLevel level : {SimdLevel::kBaseline, SimdLevel::kAvx2, SimdLevel::kAvx512}) {
    set_simd_level(level);
    for (const Json& row : table["rows"]) {
      manual_seed(row["seed"].get<std::uint64_t>());
      const Tensor drawn = calls().at(row["call"])(Row{row});
      const std::string bytes = bytes_of(drawn);
      const auto size = static_cast<std::size_t>(drawn.itemsize() / (drawn.is_complex() ? 2 : 1));
      for (std::size_t i = 0; i < row["first"].size(); ++i) {
        const std::string element = bytes.substr(i * size, size);
        EXPECT_EQ(testing::to_hex({element.rbegin(), element.rend()}), row["first"][i].get<std::string>())
            << row;
      }
      EXPECT_EQ(fnv1a(bytes), row["fnv1a"].get<std::string>()) << row;
      const Tensor state = get_rng_state();
      EXPECT_EQ(at<std::int32_t>(state, 8), row["left"].get<std::int32_t>()) << row;
      EXPECT_EQ(at<std::uint64_t>(state, 16), row["next"].get<std::uint64_t>()) << row;
      EXPECT_EQ(at<std::int32_t>(state, 5040), row["normal"].get<std::int32_t>()) << row;
      ++cases;
    }
  }
  set_simd_level(best_simd_level());
  std::cout << "[ cases ] " << cases << " of rng/table.json\n";
  EXPECT_GT(cases, 0);
}

TEST(RandomTable, StatesAreThoseOfPyTorch) {
  const Json states = testing::read_json("rng/table.json")["states"];
  for (const Json& row : states) {
    const Generator g(row["seed"].get<std::uint64_t>());
    EXPECT_EQ(fnv1a(bytes_of(g.get_state())), row["fresh"].get<std::string>()) << row;
    empty(5).normal_(0, 1, g);
    EXPECT_EQ(fnv1a(bytes_of(g.get_state())), row["after_normal_5"].get<std::string>()) << row;
    EXPECT_EQ(hex(at<std::uint64_t>(g.get_state(), 5024)), row["kept"].get<std::string>()) << row;
  }
  EXPECT_FALSE(states.empty());
}

}  // namespace
}  // namespace ballast
