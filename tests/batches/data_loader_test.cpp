// The order of batches, against tests/data/loader/orders.jsonl, and datasets.
#include <iostream>
#include <vector>

#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/data/data.h"
#include "ballast/ops/ops.h"

namespace ballast::testing {
namespace {

using data::DataLoader;
using data::TensorDataset;

std::vector<std::int64_t> list_of(const Tensor& t) {
  return {t.data_ptr<std::int64_t>(), t.data_ptr<std::int64_t>() + t.numel()};
}

std::int64_t drawn(const std::optional<Generator>& generator) {
  return empty({}, TensorOptions(kInt64)).random_(generator).item<std::int64_t>();
}

TEST(DataLoader, OrdersAndDrawsArePyTorchs) {
  int passes = 0;
  int batches = 0;
  for (const Json& c : read_json_lines("loader/orders.jsonl")) {
    SCOPED_TRACE(c.dump().substr(0, 100));
    manual_seed(c["seed"].get<std::uint64_t>());
    data::DataLoaderOptions options{
        .batch_size = c["batch_size"], .shuffle = c["shuffle"], .drop_last = c["drop_last"]};
    if (c["generator"]) options.generator = Generator(c["seed"].get<std::uint64_t>() + 1);
    const DataLoader loader(TensorDataset(arange(c["n"].get<std::int64_t>())), options);
    EXPECT_EQ(loader.size(), c["length"].get<std::int64_t>());
    for (const Json& epoch : c["epochs"]) {
      std::vector<std::vector<std::int64_t>> found;
      for (const auto& [x] : loader) found.push_back(list_of(x));
      EXPECT_EQ(Json(found), epoch);
      batches += static_cast<int>(found.size());
      ++passes;
    }
    EXPECT_EQ(std::to_string(drawn(std::nullopt)), c["after"][0].get<std::string>());
    EXPECT_EQ(std::to_string(drawn(options.generator)), c["after"][1].get<std::string>());
  }
  std::cout << "[ cases ] " << passes << " passes, " << batches << " batches\n";
}

TEST(DataLoader, GivesRowsOfSeveralTensors) {
  const Tensor x = arange(12).reshape({6, 2});
  const Tensor y = arange(6);
  const DataLoader loader(TensorDataset(x, y), {.batch_size = 4});
  int seen = 0;
  for (const auto& [a, b] : loader) {
    EXPECT_TRUE(a.select(1, 0).equal(b.mul(2)));
    EXPECT_EQ(a.size(0), seen == 0 ? 4 : 2);
    a.fill_(-1);  // a copy
    ++seen;
  }
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(x.equal(arange(12).reshape({6, 2})));
}

/// A dataset of one's own.
struct Squares {
  [[nodiscard]] std::int64_t size() const { return 5; }
  [[nodiscard]] std::vector<std::int64_t> get_batch(std::span<const std::int64_t> indices) const {
    std::vector<std::int64_t> out;
    for (const std::int64_t i : indices) out.push_back(i * i);
    return out;
  }
};

TEST(DataLoader, TakesAnyDataset) {
  std::vector<std::vector<std::int64_t>> found;
  for (const auto& batch : DataLoader(Squares(), {.batch_size = 2})) found.push_back(batch);
  EXPECT_EQ(found, (std::vector<std::vector<std::int64_t>>{{0, 1}, {4, 9}, {16}}));
}

TEST(DataLoader, AnEmptyDatasetHasNoBatches) {
  const DataLoader loader(TensorDataset(zeros({0, 3})), {.batch_size = 2, .shuffle = true});
  EXPECT_EQ(loader.size(), 0);
  for ([[maybe_unused]] const auto& batch : loader) FAIL();
}

TEST(DataLoader, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(text_of<ValueError>([] { DataLoader loader(Squares(), {.batch_size = 0}); }),
            "batch_size should be a positive integer value, but got batch_size=0");
  EXPECT_EQ(text_of<ShapeError>([] { TensorDataset d(zeros({3}), zeros({4})); }),
            "Size mismatch between tensors: 3 and 4 in dimension 0");
  EXPECT_EQ(text_of<ShapeError>([] { TensorDataset d(zeros({})); }),
            "a dataset of tensors needs examples in dimension 0, but one tensor has no dimensions");
  const TensorDataset d(zeros({3}));
  const std::vector<std::int64_t> outside{3};
  EXPECT_THROW(static_cast<void>(d.get_batch(outside)), IndexError);
  EXPECT_THROW(static_cast<void>(d.get(3)), IndexError);
}

}  // namespace
}  // namespace ballast::testing
