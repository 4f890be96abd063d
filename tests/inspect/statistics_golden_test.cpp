// statistics() against NumPy's, on every checkpoint under tests/data.
//
// Counts, extremes, histograms and quantiles are the same; NumPy's own sums carry rounding of about 1e-14 of their terms, and so do
// its means of quantiles.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/load.h"
#include "ballast/inspect/statistics.h"

namespace ballast {
namespace {

using inspect::Statistics;
using testing::Json;

constexpr double kTolerance = 1e-12;

double number(const Json& text) { return std::strtod(text.get<std::string>().c_str(), nullptr); }

void expect_equal(const Statistics& s, const Json& wanted, std::vector<double>& errors) {
  EXPECT_EQ(s.count, wanted["count"]);
  EXPECT_EQ(s.finite, wanted["finite"]);
  EXPECT_EQ(s.nans, wanted["nans"]);
  EXPECT_EQ(s.plus_infinities, wanted["plus_infinities"]);
  EXPECT_EQ(s.minus_infinities, wanted["minus_infinities"]);
  EXPECT_EQ(s.zeros, wanted["zeros"]);
  EXPECT_EQ(s.negatives, wanted["negatives"]);
  EXPECT_EQ(s.subnormals, wanted["subnormals"]);
  if (!wanted.contains("mean")) return;
  EXPECT_EQ(s.min, number(wanted["min"]));
  EXPECT_EQ(s.max, number(wanted["max"]));
  EXPECT_EQ(s.abs_max, number(wanted["abs_max"]));
  const auto near = [&](double found, const char* key, double scale) {
    const double golden = number(wanted[key]);
    if (!std::isfinite(golden) && found == golden) return;  // squares of the largest doubles
    if (!std::isfinite(scale)) return;
    EXPECT_NEAR(found, golden, kTolerance * scale) << key;
    if (scale > 0) errors.push_back(std::fabs(found - golden) / scale);
  };
  const double l1 = number(wanted["l1"]);
  near(s.mean, "mean", l1 / static_cast<double>(s.finite));
  near(s.l1, "l1", l1);
  near(s.l2, "l2", number(wanted["l2"]));
  near(s.population_std, "population_std", number(wanted["l2"]));
  if (wanted.contains("std")) near(s.std, "std", number(wanted["l2"]));
  if (wanted.contains("histogram")) {
    EXPECT_EQ(s.histogram, wanted["histogram"].get<std::vector<std::int64_t>>());
    for (std::size_t i = 0; i < s.quantiles.size(); ++i) {
      EXPECT_NEAR(s.quantiles[i], number(wanted["quantiles"][i]), kTolerance * s.abs_max);
    }
  }
  if (!wanted.contains("singular_values")) return;
  ASSERT_TRUE(s.spectrum);
  ASSERT_EQ(s.spectrum->singular_values.size(), wanted["singular_values"].size());
  for (std::size_t i = 0; i < s.spectrum->singular_values.size(); ++i) {
    EXPECT_NEAR(s.spectrum->singular_values[i], wanted["singular_values"][i].get<double>(),
                kTolerance * s.l2);
  }
}

TEST(StatisticsGolden, AreNumPysOnEveryCheckpoint) {
  const Json golden = testing::read_json("inspect/statistics.json");
  const inspect::StatisticsOptions options{.histogram_bins = golden["bins"],
                                           .quantiles = golden["quantiles"].get<std::vector<double>>(),
                                           .spectrum = true};
  std::size_t tensors = 0, files = 0;
  std::vector<double> errors;
  const auto look = [&](const std::string& path, const Json& all, bool may_lack) {
    const auto c = load(testing::data_path(path));
    std::map<std::string, Tensor> found;
    for (const auto& t : c.tensors()) {
      if (t.value.tensor().layout == checkpoint::Layout::kStrided) {
        found.emplace(t.name, t.value.tensor().resolved());
      }
    }
    ++files;
    std::size_t looked_at = 0;
    for (const Json& wanted : all) {
      SCOPED_TRACE(path + ": " + wanted["name"].get<std::string>());
      const auto at = found.find(wanted["name"]);
      if (may_lack && at == found.end()) continue;
      ASSERT_NE(at, found.end());
      expect_equal(inspect::statistics(at->second, options), wanted, errors);
      ++looked_at;
    }
    if (may_lack) {
      EXPECT_EQ(looked_at, found.size()) << path;
    }
    tensors += looked_at;
  };
  for (const Json& file : golden["files"]) {
    const std::string path = file["file"];
    look(path, file["tensors"], false);
    // The same tensors in the format before, which lacks one or the other.
    const std::string zip = "checkpoints/zip/";
    if (!path.starts_with(zip)) continue;
    const std::string older = "checkpoints/legacy/" + path.substr(zip.size());
    if (std::filesystem::exists(testing::data_path(older))) look(older, file["tensors"], true);
  }
  ASSERT_GT(tensors, 500);
  std::printf("%zu tensors of %zu files; largest relative error of a sum %.2g\n", tensors, files,
              *std::max_element(errors.begin(), errors.end()));
}

}  // namespace
}  // namespace ballast
