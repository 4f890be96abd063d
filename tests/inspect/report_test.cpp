// The page of a report: that what is in it is right, and that nothing from a file can be more than text.
#include "ballast/inspect/report/report.h"

#include <algorithm>
#include <iostream>

#include "tests/checkpoint/craft.h"
#include "tests/inspect/samples.h"
#include "tests/support/golden.h"
#include <gtest/gtest.h>

#include "ballast/checkpoint/save.h"
#include "ballast/inspect/checkpoint_numbers.h"
#include "ballast/inspect/heat_map.h"
#include "ballast/inspect/report/base64.h"
#include "ballast/inspect/report/report_budget.h"
#include "ballast/inspect/report/report_json.h"
#include "ballast/inspect/statistics.h"

namespace ballast {
namespace {

using checkpoint::Checkpoint;
using testing::Json;
using namespace testing;

constexpr std::string_view kBefore = R"(<script type="application/json" id="data">)";

std::string data_of(const std::string& page) {
  const std::size_t begin = page.find(kBefore) + kBefore.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

/// The data of a page, as its script reads it.
Json parsed(const std::string& page) {
  Json json = Json::parse(data_of(page), nullptr, false);
  EXPECT_FALSE(json.is_discarded());
  return json;
}

Checkpoint saved(const TemporaryFolder& folder, const StateDict& state, const char* name = "model.pth") {
  const auto path = folder.path() / name;
  save(state, path, {.fsync = false});
  return load(path);
}

std::size_t occurrences(std::string_view text, std::string_view of) {
  std::size_t n = 0;
  for (std::size_t at = text.find(of); at != std::string_view::npos; at = text.find(of, at + 1)) ++n;
  return n;
}

std::vector<std::uint8_t> bytes_of_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t three = 0;
    std::size_t pads = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      pads += text[i + k] == '=' ? 1 : 0;
      three = three << 6U | (text[i + k] == '=' ? 0U : static_cast<std::uint32_t>(digits.find(text[i + k])));
    }
    for (std::size_t k = 0; k + pads < 3; ++k)
      bytes.push_back(static_cast<std::uint8_t>(three >> (16 - 8 * k)));
  }
  return bytes;
}

TEST(Report, HasTheFiguresOfEveryTensor) {
  std::mt19937_64 random(1);
  StateDict state;
  state.append("encoder.0.weight", weights(random, kFloat32, {40, 30}));
  state.append("encoder.0.bias", weights(random, kFloat16, {40}));
  state.append("counter", tensor_of({1234567890123.0}, kInt64, {}));
  state.append("nothing", empty({0, 3}, TensorOptions(kFloat32)));
  const TemporaryFolder folder;
  const Checkpoint file = saved(folder, state);
  const Json data = parsed(inspect::html_report(file));
  EXPECT_EQ(data["title"], "model.pth");
  EXPECT_EQ(data["file"]["format"], "torch-zip");
  EXPECT_EQ(data["file"]["parameters"], 1241);
  EXPECT_EQ(data["tensors"]["name"], Json({"encoder.0.weight", "encoder.0.bias", "counter", "nothing"}));
  EXPECT_EQ(data["tensors"]["shape"], Json::parse("[[40,30],[40],[],[0,3]]"));
  EXPECT_EQ(data["tensors"]["own"], Json({1200, 40, 1, 0}));
  const std::vector<inspect::Statistics> all = inspect::statistics(state, {.histogram_bins = 64});
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t look = data["tensors"]["look"][i];
    const Json& figures = data["figures"][look];
    EXPECT_EQ(figures[0], all[i].count);
    if (all[i].finite == 0) {
      EXPECT_TRUE(figures[1].is_null());
      EXPECT_TRUE(data["histograms"][look].empty());
      continue;
    }
    EXPECT_NEAR(figures[1].get<double>(), all[i].mean, 1e-5 * all[i].abs_max);
    EXPECT_NEAR(figures[4].get<double>(), all[i].max, 1e-5 * all[i].abs_max);
    EXPECT_EQ(figures[6], all[i].zeros);
    EXPECT_EQ(data["histograms"][look].get<std::vector<std::int64_t>>(), all[i].histogram);
  }
  EXPECT_EQ(data["figures"][2][3], 1234567890123);
}

TEST(Report, CellsOfHeatMapsAreThoseOfTheLibraryWithinAStep) {
  std::mt19937_64 random(2);
  StateDict state;
  state.append("w", weights(random, kFloat32, {300, 500}));
  auto* const p = static_cast<float*>(state.at("w").data_ptr());
  p[0] = std::numeric_limits<float>::quiet_NaN();
  p[499] = std::numeric_limits<float>::infinity();
  const TemporaryFolder folder;
  const Json map = parsed(inspect::html_report(saved(folder, state)))["maps"][0];
  const inspect::HeatMap want = inspect::heat_map(state.at("w"), {.cells = inspect::detail::kMostCells});
  ASSERT_EQ(map.size(), 11u);
  EXPECT_EQ(map[0], 300);
  EXPECT_EQ(map[1], 500);
  EXPECT_EQ(map[2], want.cell_rows);
  EXPECT_EQ(map[3], want.cell_columns);
  const std::size_t planes[] = {4, 7};
  for (const std::size_t plane : planes) {
    const std::vector<std::uint8_t> codes = bytes_of_base64(map[plane]);
    ASSERT_EQ(codes.size(), want.cells.size());
    const double low = map[plane + 1], high = map[plane + 2], step = (high - low) / 254;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const double value = plane == 4 ? want.cells[i].mean : want.cells[i].peak();
      EXPECT_NEAR(low + (codes[i] - 1) * step, value, 0.51 * step + 1e-5) << i;
    }
  }
  EXPECT_EQ(map[10], Json({0, 1, want.columns - 1, 2}));
}

TEST(Report, NamesCanOnlyBeText) {
  const char* const names[] = {"</script><script>alert(1)</script>",
                               "<img src=x onerror=alert(1)>",
                               "<!-- <script>",
                               "a\xE2\x80\xAE.b",
                               "line\xE2\x80\xA8.end",
                               "nul\x01",
                               "__proto__.constructor",
                               "\"quoted\\\"",
                               "]]>",
                               ""};
  StateDict state;
  for (const char* name : names) state.append(name, vector_of({1, 2}));
  const TemporaryFolder folder;
  const auto path = folder.path() / "<b>&model.pth";
  save(state, path, {.fsync = false});
  const std::string page = inspect::html_report(load(path), {.title = "</title><script>alert(2)</script>"});
  EXPECT_EQ(occurrences(page, "<script"), 3u);
  EXPECT_EQ(occurrences(page, "</script"), 3u);
  EXPECT_EQ(occurrences(page, "<img"), 0u);
  EXPECT_NE(page.find("<title>&lt;/title&gt;&lt;script&gt;alert(2)&lt;/script&gt;</title>"),
            std::string::npos);
  const std::string data = data_of(page);
  EXPECT_EQ(data.find('<'), std::string::npos);
  for (const char c : data) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= ' ');
  const Json json = parsed(page);
  EXPECT_EQ(json["tensors"]["name"],
            Json({"</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- <script>",
                  "a\\u202e.b", "line\\u2028.end", "nul\\x01", "__proto__.constructor", "\"quoted\\\"", "]]>",
                  ""}));
}

TEST(Report, LongNamesAreCutInsideNotInTheMiddleOfACharacter) {
  std::string name(1 << 20, 'x');
  for (std::size_t i = 0; i + 1 < name.size(); i += 2) name.replace(i, 2, "\xC3\xA9");
  const std::string shown = inspect::detail::shown_text(name);
  EXPECT_LT(shown.size(), 500u);
  EXPECT_NE(shown.find("bytes]"), std::string::npos);
  EXPECT_EQ(shown.find("\\x"), std::string::npos) << shown;
}

TEST(Report, ScriptSafeTextHasNoTagAndReadsBack) {
  const std::string json = "{\"a\":\"</script><!--\xE2\x80\xA8\xE2\x80\xA9\xE2\x82\xAC\"}";
  const std::string safe = inspect::detail::script_safe(json);
  EXPECT_EQ(safe, "{\"a\":\"\\u003c/script>\\u003c!--\\u2028\\u2029\xE2\x82\xAC\"}");
  EXPECT_EQ(Json::parse(safe), Json::parse(json));
}

TEST(Report, WhatIsSharedIsCountedOnce) {
  const Checkpoint file = load(data_path("checkpoints/zip/shared_storage.pth"));
  const Json data = parsed(inspect::html_report(file));
  // a.weight shows all 6 elements of #1, p all 4 of #2.
  EXPECT_EQ(data["tensors"]["own"], Json({6, 0, 0, 0, 4, 0, 0, 6}));
  std::int64_t own = 0;
  for (const Json& n : data["tensors"]["own"]) own += n.get<std::int64_t>();
  EXPECT_EQ(own, data["file"]["parameters_unique"]);
  EXPECT_EQ(own, 16);
  ASSERT_EQ(data["tensors"]["groups"].size(), 2u);
  EXPECT_EQ(data["tensors"]["groups"][0]["rows"], Json({0, 1, 2, 3}));
  EXPECT_EQ(data["tensors"]["groups"][0]["bytes"], 24);
  EXPECT_EQ(data["tensors"]["groups"][0]["spans"], Json::parse("[[0,24],[0,24],[12,24],[0,24]]"));
  // One view is looked at once.
  EXPECT_EQ(data["tensors"]["look"][0], data["tensors"]["look"][1]);
}

TEST(Report, QuantisedTensorsHaveTheFiguresOfTheirNumbers) {
  const Checkpoint file = load(data_path("checkpoints/gguf/quants.gguf"));
  const Json data = parsed(inspect::html_report(file));
  const inspect::TensorListing listing = inspect::list_tensors(file, {});
  const std::vector<inspect::Statistics> all = inspect::statistics(listing);
  std::size_t quantised = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!listing.rows[i].value().quantized) continue;
    const std::string note = data["tensors"]["notes"][std::to_string(i)];
    if (all[i].count == 0) {
      EXPECT_NE(note.find("not computed"), std::string::npos) << note;
      EXPECT_EQ(data["tensors"]["look"][i], -1);
      continue;
    }
    const std::size_t look = data["tensors"]["look"][i];
    EXPECT_NEAR(data["figures"][look][2].get<double>(), all[i].std, 1e-5 * all[i].abs_max);
    EXPECT_EQ(data["maps"][look][0].get<std::int64_t>() * data["maps"][look][1].get<std::int64_t>(),
              listing.rows[i].value().numel());
    ++quantised;
  }
  std::cout << "[ cases ] " << quantised << " quantised tensors\n";
  EXPECT_GT(quantised, 3u);
}

TEST(Report, SaysWhatChanged) {
  std::mt19937_64 random(3);
  StateDict a, b;
  for (const char* name : {"one", "two", "three", "same"})
    a.append(name, weights(random, kFloat32, {20, 20}));
  a.append("gone", vector_of({1, 2, 3}));
  for (const auto& [name, t] : a) {
    if (name == "gone") continue;
    std::vector<double> values = values_of(t);
    const double by = name == "one" ? 0.1 : name == "two" ? 10 : name == "three" ? 1 : 0;
    for (double& x : values) x += by;
    b.append(name, tensor_of(values, kFloat32, {20, 20}));
  }
  b.append("new<", vector_of({4}));
  const TemporaryFolder folder;
  const Checkpoint before = saved(folder, a, "a.pth"), after = saved(folder, b, "b.pth");
  const Json changes = parsed(inspect::html_report(before, after))["changes"];
  ASSERT_EQ(changes["pairs"].size(), 3u);
  EXPECT_EQ(changes["pairs"][0][0], 1);
  EXPECT_EQ(changes["pairs"][1][0], 2);
  EXPECT_EQ(changes["pairs"][2][0], 0);
  EXPECT_EQ(changes["equal"], 1);
  EXPECT_EQ(changes["added"], Json({"new<"}));
  EXPECT_EQ(changes["removed"], Json({4}));
  EXPECT_EQ(changes["layers"].size(), 1u);
  EXPECT_EQ(changes["layers"][0][2], 3);
}

TEST(Report, NamesOfAStateDictMeetThoseOfATrainingCheckpoint) {
  const Checkpoint training = load(data_path("checkpoints/zip/training.pth"));
  const TemporaryFolder folder;
  const Checkpoint weights = saved(folder, training.state_dict());
  const Json changes = parsed(inspect::html_report(weights, training))["changes"];
  EXPECT_EQ(changes["compared"], weights.tensors().size());
  EXPECT_EQ(changes["equal"], weights.tensors().size());
  EXPECT_EQ(changes["added"].size(), 0u);
  const Json back = parsed(inspect::html_report(training, weights))["changes"];
  EXPECT_EQ(back["compared"], weights.tensors().size());
}

TEST(Report, FindingsNameTheirRows) {
  std::mt19937_64 random(4);
  StateDict state;
  state.append("good.weight", weights(random, kFloat32, {30, 30}, 0.1));
  state.append("bad.weight", weights(random, kFloat32, {30, 30}, 0.1));
  static_cast<float*>(state.at("bad.weight").data_ptr())[5] = std::numeric_limits<float>::infinity();
  const TemporaryFolder folder;
  const Json findings = parsed(inspect::html_report(saved(folder, state)))["findings"];
  EXPECT_EQ(findings["counts"]["error"], 1);
  EXPECT_EQ(findings["list"][0]["about"], 1);
  EXPECT_EQ(findings["list"][0]["problem"], "not-finite");
}

TEST(Report, StaysNearItsSizeWhateverTheNumberOfTensors) {
  std::mt19937_64 random(5);
  const TemporaryFolder folder;
  for (const int n : {100, 2000, 20'000}) {
    const Tensor base = weights(random, kFloat32, {n, 12, 12});
    StateDict state;
    for (int i = 0; i < n; ++i) {
      // Of its own storage, as parameters are.
      const Tensor t = empty({12, 12}, TensorOptions(kFloat32));
      std::copy_n(static_cast<const float*>(base.data_ptr()) + i * 144, 144,
                  static_cast<float*>(t.data_ptr()));
      state.append("blocks." + std::to_string(i / 100) + ".layers." + std::to_string(i % 100) + ".weight", t);
    }
    const Checkpoint file = saved(folder, state);
    const std::string page = inspect::html_report(file);
    const Json data = parsed(page);
    std::cout << "[ sizes ] " << n << " tensors: " << page.size() << " bytes, " << data["bins"] << " bins, "
              << (data["maps"][0].empty() ? 0 : data["maps"][0][4].get<std::string>().size() * 3 / 4)
              << " cells\n";
    EXPECT_LE(page.size(), 5'000'000u);
    EXPECT_EQ(data["maps"].size(), static_cast<std::size_t>(n));
    EXPECT_GE(data["bins"], 16);
    const std::string small = inspect::html_report(file, {.page_bytes = 1'000'000});
    EXPECT_TRUE(n > 2000 || small.size() < 1'050'000u) << small.size();
  }
}

TEST(Report, CellsAreSharedOutEvenlyAndNoneIsWasted) {
  const std::int64_t none[] = {1000, 600, 400};
  const std::int64_t sizes[] = {10, 5000, 0, 1'000'000, 20'000};
  const auto share = inspect::detail::share_out(1000 + 20'000, none, sizes);
  EXPECT_EQ(share.bins, 64);
  EXPECT_EQ(share.cells[0], 10);
  EXPECT_EQ(share.cells[2], 0);
  EXPECT_NEAR(static_cast<double>(share.cells[1]), static_cast<double>(share.cells[3]), 2);
  EXPECT_NEAR(static_cast<double>(share.cells[3]), (20000 - 4 * 72 - 27) / 3.0 / (8 / 3.0), 3);
  // Too little for bins, then for maps.
  EXPECT_EQ(inspect::detail::share_out(1600, none, sizes).bins, 32);
  EXPECT_EQ(inspect::detail::share_out(900, none, sizes).bins, 0);
  for (std::int64_t bytes = 0; bytes < 60'000; bytes += 7) {
    const auto some = inspect::detail::share_out(bytes, none, sizes);
    double used = 0;
    for (const std::int64_t cells : some.cells) {
      EXPECT_TRUE(cells == 0 || cells == 10 || cells >= inspect::detail::kFewestCells);
      if (cells > 0)
        used += inspect::detail::kMapBytes + static_cast<double>(cells) * inspect::detail::kCellBytes;
    }
    EXPECT_LE(used, static_cast<double>(bytes));
  }
  EXPECT_EQ(inspect::detail::share_out(100, none, sizes).cells[3], 0);
  const auto rich = inspect::detail::share_out(100'000'000, none, sizes);
  EXPECT_EQ(rich.cells[3], inspect::detail::kMostCells);
}

TEST(Report, Base64IsThatOfTheStandard) {
  const auto text = [](std::string_view s) {
    return inspect::detail::base64({reinterpret_cast<const std::uint8_t*>(s.data()), s.size()});
  };
  // RFC 4648, section 10.
  EXPECT_EQ(text(""), "");
  EXPECT_EQ(text("f"), "Zg==");
  EXPECT_EQ(text("fo"), "Zm8=");
  EXPECT_EQ(text("foo"), "Zm9v");
  EXPECT_EQ(text("foob"), "Zm9vYg==");
  EXPECT_EQ(text("fooba"), "Zm9vYmE=");
  EXPECT_EQ(text("foobar"), "Zm9vYmFy");
}

TEST(Report, SaysHowFarItIsAndAsksForHashesLast) {
  const Checkpoint file = load(data_path("checkpoints/zip/mlp.pth"));
  std::vector<std::string> seen;
  inspect::ReportOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    seen.emplace_back(done == total ? "all" : "some");
  };
  options.hashes = [&] {
    seen.emplace_back("hashes");
    return std::vector<inspect::FileHash>{{"mlp.pth", 7, std::string(64, 'a')}};
  };
  const Json data = parsed(inspect::html_report(file, options));
  EXPECT_EQ(data["file"]["hashes"][0]["sha256"], std::string(64, 'a'));
  ASSERT_GE(seen.size(), 3u);
  EXPECT_EQ(seen.back(), "all");
  EXPECT_NE(std::ranges::find(seen, "hashes"), seen.end());
}

}  // namespace
}  // namespace ballast
