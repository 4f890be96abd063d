// Statistics, comparison and health of files, on every checkpoint under tests/data.
#include "ballast/inspect/checkpoint_numbers.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "tests/inspect/samples.h"
#include "tests/inspect/slow_difference.h"
#include "tests/support/golden.h"
#include "tests/support/thrown.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/dequantize.h"
#include "ballast/checkpoint/save.h"
#include "ballast/core/error.h"
#include "ballast/core/lost_pages.h"
#include "ballast/inspect/heat_map.h"

namespace ballast {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorValue;
using inspect::Comparison;
using inspect::Difference;
using inspect::Statistics;
using inspect::TensorListing;
using namespace testing;

/// Removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ballast_inspect_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string path(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Every file under tests/data/checkpoints that is a checkpoint by itself.
std::vector<std::string> all_files() {
  std::vector<std::string> files;
  for (const char* const folder : {"checkpoints", "real"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_path(folder))) {
      if (!entry.is_regular_file() || entry.path().extension() == ".json" ||
          entry.path().extension() == ".md")
        continue;
      try {
        (void)load(entry.path(), {.map_location = kMeta});
        files.push_back(entry.path().string());
      } catch (const Error&) {  // parts of others, licences
        continue;
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

TEST(CheckpointNumbers, StatisticsOfEveryFileAreThoseOfALoopOverItsElements) {
  int tensors = 0, without = 0;
  const std::vector<std::string> files = all_files();
  ASSERT_GT(files.size(), 150u);
  for (const std::string& path : files) {
    const Checkpoint file = load(path);
    const TensorListing listing = inspect::list_tensors(file, {});
    const std::vector<Statistics> all = inspect::statistics(listing, {.release_pages = true});
    ASSERT_EQ(all.size(), listing.rows.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      SCOPED_TRACE(path + ": " + listing.rows[i].tensor->name);
      const TensorValue& v = listing.rows[i].value();
      EXPECT_EQ(inspect::numbers_of(v).defined(), inspect::has_numbers(v));
      if (!inspect::has_numbers(v)) {
        EXPECT_EQ(all[i].count, 0);
        ++without;
        continue;
      }
      ++tensors;
      std::int64_t finite = 0, zeros = 0, negatives = 0;
      long double sum = 0, magnitudes = 0;
      double least = INFINITY, most = -INFINITY;
      const std::vector<double> values = values_of(inspect::numbers_of(v));
      for (const double x : values) {
        negatives += x < 0 ? 1 : 0;
        if (!std::isfinite(x)) continue;
        ++finite;
        zeros += x == 0 ? 1 : 0;
        sum += x;
        magnitudes += std::fabs(x);
        least = std::min(least, x), most = std::max(most, x);
      }
      EXPECT_EQ(all[i].count, static_cast<std::int64_t>(values.size()));
      EXPECT_EQ(all[i].finite, finite);
      EXPECT_EQ(all[i].zeros, zeros);
      EXPECT_EQ(all[i].negatives, negatives);
      if (finite == 0) continue;
      EXPECT_EQ(all[i].min, least);
      EXPECT_EQ(all[i].max, most);
      const auto n = static_cast<long double>(finite);
      EXPECT_NEAR(all[i].mean, static_cast<double>(sum / n), 1e-11 * static_cast<double>(magnitudes / n));
    }
  }
  std::printf("%zu files, %d tensors, %d more without numbers\n", files.size(), tensors, without);
}

/// The same file with some elements of its mapped or loaded tensors written over.
Checkpoint changed(const std::string& path) {
  Checkpoint file = load(path);
  std::mt19937_64 random(7);
  for (const checkpoint::NamedTensor& t : file.tensors()) {
    const Tensor& x = t.value.tensor().tensor;
    if (!x.defined() || x.is_meta() || !x.is_contiguous() || x.numel() == 0 || random() % 3 == 0) continue;
    const std::int64_t n = std::min<std::int64_t>(x.numel(), 5);
    const Tensor flat = x.alias({x.numel()}, {1}, x.storage_offset());
    copy_elements(flat.alias({n}, {1}, x.storage_offset()), weights(random, x.dtype(), {n}));
  }
  return file;
}

TEST(CheckpointNumbers, ComparisonOfEveryFileIsThatOfALoopOverItsElements) {
  int pairs = 0, moved = 0;
  for (const std::string& path : all_files()) {
    SCOPED_TRACE(path);
    const Checkpoint a = load(path), b = changed(path);
    const TensorListing x = inspect::list_tensors(a, {}), y = inspect::list_tensors(b, {});
    EXPECT_TRUE(inspect::compare(x, inspect::list_tensors(load(path), {}), {.equal_nan = true}).is_equal());
    const Comparison c = inspect::compare(x, y);
    EXPECT_TRUE(c.added.empty() && c.removed.empty() && c.renamed.empty() && c.reshaped.empty());
    EXPECT_EQ(c.pairs.size() + c.unread.size(), x.rows.size());
    for (const Difference& d : c.pairs) {
      const auto row = std::ranges::find(x.rows, d.name,
                                         [](const auto& r) -> const std::string& { return r.tensor->name; });
      if (row == x.rows.end()) continue;  // the second of a name
      const auto other = std::ranges::find(
          y.rows, d.name, [](const auto& r) -> const std::string& { return r.tensor->name; });
      SCOPED_TRACE(d.name);
      if (!inspect::has_numbers(row->value())) {
        EXPECT_TRUE(d.is_equal());
        continue;
      }
      const Tensor p = inspect::numbers_of(row->value()), q = inspect::numbers_of(other->value());
      const Difference slow = slow_difference(p, q, {});
      // What is kept in the same bits is the same, NaN or not.
      if (row->value().layout != checkpoint::Layout::kStrided && d.is_equal()) continue;
      expect_equal(d, slow, p.dtype() == kFloat64 && !std::isfinite(d.a_norm + d.difference_norm));
      ++pairs;
      moved += d.is_equal() ? 0 : 1;
    }
  }
  std::printf("%d pairs, %d of them differ\n", pairs, moved);
  EXPECT_GT(moved, 500);
}

TEST(CheckpointNumbers, BlocksAndQuantisedTensorsCountAsTheNumbersTheyStandFor) {
  const Checkpoint blocks = load(data_path("checkpoints/gguf/quants.gguf"));
  const Checkpoint floats = load(data_path("checkpoints/gguf/quants.gguf"),
                                 {.dequantize = true, .filter = [&](std::string_view name) {
                                    for (const auto& t : blocks.tensors()) {
                                      if (t.name == name) return inspect::has_numbers(t.value.tensor());
                                    }
                                    return false;
                                  }});
  const TensorListing x = inspect::list_tensors(blocks, {}), y = inspect::list_tensors(floats, {});
  const std::vector<Statistics> wanted = inspect::statistics(y);
  std::size_t k = 0;
  const std::vector<Statistics> found = inspect::statistics(x);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!inspect::has_numbers(x.rows[i].value())) continue;
    ASSERT_LT(k, wanted.size());
    EXPECT_EQ(found[i].mean, wanted[k].mean) << x.rows[i].tensor->name;
    EXPECT_EQ(found[i].l2, wanted[k].l2);
    ++k;
  }
  EXPECT_EQ(k, wanted.size());
  EXPECT_GT(k, 10u);
  // Another way to keep the same numbers is a change of type, and of nothing else.
  const Comparison c = inspect::compare(x, y);
  EXPECT_FALSE(c.retyped.empty());
  EXPECT_TRUE(c.unread.empty());
  for (const Difference& d : c.pairs) EXPECT_TRUE(d.is_equal()) << d.name;
  EXPECT_FALSE(c.is_equal());
}

TEST(CheckpointNumbers, OnlyTheModelOfATrainingFileIsLookedAtAsAModel) {
  const TemporaryFolder folder;
  const std::string path = folder.path("training.pth");
  StateDict model;
  model.insert("0.weight", vector_of(std::vector<double>(128, 0.0)).alias({8, 16}, {16, 1}, 0));
  const Tensor averages = vector_of({1, NAN, 3});
  checkpoint::Value root = checkpoint::Value::dict();
  root.set("model", checkpoint::Value(model));
  checkpoint::Value optimizer = checkpoint::Value::dict();
  optimizer.set("exp_avg.weight",
                checkpoint::Value(vector_of(std::vector<double>(128, 0.0)).alias({8, 16}, {16, 1}, 0)));
  optimizer.set("broken", checkpoint::Value(averages));
  root.set("optimizer", optimizer);
  save(root, path);
  const Checkpoint file = load(path);
  const std::vector<inspect::Finding> findings = inspect::health(file, inspect::list_tensors(file, {}));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].problem, inspect::Problem::kNotFinite);
  EXPECT_EQ(findings[0].name, "optimizer.broken");
  EXPECT_EQ(findings[1].problem, inspect::Problem::kAllZero);
  EXPECT_EQ(findings[1].name, "model.0.weight");
}

TEST(CheckpointNumbers, ProgressEndsAtTheWholeAndNeverGoesBack) {
  for (const char* const name :
       {"checkpoints/gguf/quants.gguf", "checkpoints/zip/training.pth", "checkpoints/zip/quantized.pth"}) {
    const Checkpoint file = load(data_path(name));
    std::uint64_t last = 0, whole = 0;
    const auto see = [&](std::uint64_t done, std::uint64_t total) {
      EXPECT_GE(done, last);
      EXPECT_LE(done, total);
      last = done, whole = total;
    };
    (void)inspect::statistics(inspect::list_tensors(file, {}), {.histogram_bins = 4, .progress = see});
    EXPECT_EQ(last, whole) << name;
    EXPECT_GT(whole, 0u);
  }
}

TEST(CheckpointNumbers, OfAFileThatIsCutShortAreAnError) {
  catch_lost_pages();
  const TemporaryFolder folder;
  const std::string path = folder.path("cut.pth"), whole = folder.path("whole.pth");
  StateDict dict;
  for (const char* const name : {"a.weight", "b.weight"}) {
    dict.append(name, empty({1 << 10, 1 << 11}, kFloat32));
    float* const p = dict.at(name).data_ptr<float>();
    for (int i = 0; i < 1 << 21; ++i) p[i] = static_cast<float>(i % 1000);
  }
  save(dict, whole);
  const Checkpoint other = load(whole);
  const TensorListing other_listing = inspect::list_tensors(other, {});
  // Each of a mapping of its own, that nothing has read before.
  const auto cut = [&](const auto& look) {
    save(dict, path);
    const Checkpoint file = load(path);
    const TensorListing listing = inspect::list_tensors(file, {});
    const std::vector<Statistics> before = inspect::statistics(other_listing);
    std::filesystem::resize_file(path, 1 << 16);
    EXPECT_THROWN(look(file, listing, before), FormatError, "cut short");
  };
  cut([](auto&, auto& listing, auto&) { (void)inspect::statistics(listing); });
  cut([&](auto&, auto& listing, auto&) { (void)inspect::compare(listing, other_listing); });
  cut([](auto&, auto& listing, auto&) {
    const Tensor& t = listing.rows[0].value().tensor;
    (void)inspect::compare(t, t);
  });
  // What it was before is known: tensors that look alike are read again, to see whether they are copies.
  cut([](auto& file, auto& listing, auto& before) { (void)inspect::health(file, listing, before); });
  cut([](auto&, auto& listing, auto&) { (void)inspect::heat_map(listing.rows[1].value().tensor); });
  EXPECT_NO_THROW((void)inspect::statistics(other_listing));
}

}  // namespace
}  // namespace ballast
