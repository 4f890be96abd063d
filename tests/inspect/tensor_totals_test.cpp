#include <random>
#include <set>

#include <gtest/gtest.h>

#include "ballast/core/shape.h"
#include "ballast/inspect/tensor_listing.h"

namespace ballast::inspect {
namespace {

using checkpoint::NamedTensor;
using checkpoint::Value;

/// TensorTotals over tensors that are all views of one storage.
TensorTotals totals_of_views(const std::vector<Tensor>& views) {
  std::vector<NamedTensor> named;
  for (const Tensor& v : views) named.push_back({"view", Value(v), 0});
  std::vector<TensorRow> rows;
  for (const NamedTensor& t : named) {
    const checkpoint::TensorValue& v = t.value.tensor();
    rows.push_back({&t, static_cast<std::uint64_t>(v.numel()), static_cast<std::uint64_t>(v.nbytes()),
                    views.size() > 1 ? 0 : TensorRow::kAlone});
  }
  return totals_of(rows);
}

/// The elements of a view, one by one: where in the storage each of them stands.
void mark(const Tensor& v, std::set<std::int64_t>& seen) {
  if (v.numel() == 0) return;
  std::vector<std::int64_t> index(v.sizes().size(), 0);
  while (true) {
    std::int64_t at = v.storage_offset();
    for (std::size_t d = 0; d < index.size(); ++d) at += index[d] * v.strides()[d];
    seen.insert(at);
    std::size_t d = index.size();
    while (d > 0 && ++index[d - 1] == v.sizes()[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

TEST(TensorTotals, AnElementOfStorageCountsOnce) {
  struct Case {
    const char* what;
    std::vector<std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>> views;  // sizes and strides
    std::uint64_t elements, unique;
  };
  const Case cases[] = {
      {"one tensor", {{{4, 5}, {5, 1}}}, 20, 20},
      {"the same twice", {{{4, 5}, {5, 1}}, {{4, 5}, {5, 1}}}, 40, 20},
      {"a matrix and its transpose", {{{4, 5}, {5, 1}}, {{5, 4}, {1, 5}}}, 40, 20},
      {"one element repeated", {{{1000}, {0}}}, 1000, 1},
      {"a column repeated", {{{3, 2}, {4, 0}}}, 6, 3},
      {"windows that overlap", {{{3, 3}, {1, 1}}}, 9, 5},
      {"two columns, and two that overlap them", {{{4, 2}, {5, 1}}, {{4, 3}, {5, 1}}}, 20, 12},
      {"every second, and every third", {{{10}, {2}}, {{7}, {3}}}, 17, 13},
      {"nothing", {{{0, 7}, {1, 1}}}, 0, 0},
  };
  const Tensor base = empty({100}, kFloat32);
  for (const Case& c : cases) {
    std::vector<Tensor> views;
    for (const auto& [sizes, strides] : c.views) views.push_back(base.alias(sizes, strides, 0));
    const TensorTotals t = totals_of_views(views);
    EXPECT_EQ(t.parameters, c.elements) << c.what;
    EXPECT_EQ(t.parameters_unique, c.unique) << c.what;
    EXPECT_EQ(t.bytes, 4 * c.elements) << c.what;
    EXPECT_EQ(t.bytes_unique, 4 * c.unique) << c.what;
  }
}

TEST(TensorTotals, RandomViewsCountAsManyElementsAsTheyReach) {
  std::mt19937 random(1);
  const Tensor base = empty({500}, kInt16);
  int cases = 0;
  while (cases < 2000) {
    std::vector<Tensor> views;
    std::set<std::int64_t> seen;
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      std::vector<std::int64_t> sizes, strides;
      for (std::size_t d = random() % 4; d > 0; --d) {
        sizes.push_back(static_cast<std::int64_t>(random() % 6));
        strides.push_back(static_cast<std::int64_t>(random() % 12));
      }
      views.push_back(base.alias(sizes, strides, static_cast<std::int64_t>(random() % 60)));
      mark(views.back(), seen);
    }
    ASSERT_EQ(totals_of_views(views).parameters_unique, seen.size()) << cases;
    ++cases;
  }
}

TEST(TensorTotals, ViewsOfSeveralTypesCountElementsOfTheWidest) {
  const Tensor wide = empty({10}, kComplex64);
  const Tensor narrow = tensor_on(wide.storage(), kFloat32, IntArrayRef({20}), IntArrayRef({1}));
  EXPECT_EQ(totals_of_views({wide, narrow}).parameters_unique, 10u);
  EXPECT_EQ(totals_of_views({narrow, wide}).parameters_unique, 10u);
}

TEST(TensorTotals, ViewsInMoreThanAMillionPiecesAreCountedAtMost) {
  const Tensor base = empty({5'000'000}, kUInt8);
  const Tensor even = base.alias({2'500'000}, {2}, 0);
  EXPECT_EQ(totals_of_views({even}).bytes_unique, 2'500'000u);
  EXPECT_EQ(totals_of_views({even, even}).bytes_unique, 4'999'999u);
}

}  // namespace
}  // namespace ballast::inspect
