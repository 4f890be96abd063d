// What `ballast show FILE --json --hash` says of tensors, against what PyTorch said of the same files.
#include <iostream>
#include <map>
#include <set>

#include "tests/tools/command.h"
#include "tests/tools/golden_checkpoints.h"
#include <gtest/gtest.h>

namespace ballast::testing {
namespace {

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

using Keys = std::vector<std::string>;

/// The keys that every tensor has, and those that only some have.
Keys tensor_keys(const Json& golden, const Json& shown, bool hash) {
  Keys keys = {"name", "dtype", "shape", "stride", "storage", "offset", "numel", "bytes", "requires_grad"};
  if (golden["layout"] != "strided") keys.emplace_back("layout");
  for (const char* flag : {"conj", "neg"}) {
    if (shown.contains(flag)) keys.emplace_back(flag);
  }
  if (hash) keys.emplace_back("sha256");
  return keys;
}

std::uint64_t product(const Json& shape) {
  std::uint64_t n = 1;
  for (const Json& size : shape) n *= size.get<std::uint64_t>();
  return n;
}

void expect_tensor(const Json& shown, const Json& golden) {
  EXPECT_EQ(keys_of(shown), tensor_keys(golden, shown, true));
  EXPECT_EQ(shown["name"], golden_name(golden));
  EXPECT_EQ(shown["dtype"], golden["dtype"]);
  EXPECT_EQ(shown["shape"], golden["shape"]);
  EXPECT_EQ(shown["numel"], product(golden["shape"]));
  EXPECT_EQ(shown["requires_grad"], golden["requires_grad"]);
  if (golden["layout"] == "strided") {
    EXPECT_EQ(shown["stride"], golden["stride"]);
    EXPECT_EQ(shown["storage"], golden["storage"]);
    EXPECT_EQ(shown["offset"], golden["storage_offset"]);
    EXPECT_EQ(shown["bytes"], golden["nbytes"]);
    EXPECT_EQ(shown["sha256"], golden["sha256"]);
  } else if (golden["layout"] == "quantized") {
    EXPECT_EQ(shown["layout"], "quantized");
    EXPECT_EQ(shown["stride"], golden["stride"]);
    EXPECT_EQ(shown["sha256"], golden["int_repr_sha256"]);
  } else {
    EXPECT_EQ(shown["layout"], golden["layout"]);
    for (const char* none : {"stride", "storage", "offset", "sha256"})
      EXPECT_TRUE(shown[none].is_null()) << none;
  }
}

/// Storages have the numbers that tensors give, one each, and the sizes that PyTorch saw.
void expect_storages(const Json& shown, const Json& golden_tensors) {
  std::map<std::uint64_t, std::uint64_t> bytes;
  for (const Json& s : shown["storages"]) {
    EXPECT_EQ(keys_of(s), (Keys{"id", "bytes"}));
    EXPECT_TRUE(bytes.emplace(s["id"], s["bytes"]).second) << s;
  }
  for (const Json& t : golden_tensors) {
    if (t["layout"] == "strided") {
      EXPECT_EQ(bytes.at(t["storage"]), t["storage_nbytes"]);
    }
  }
}

void expect_shared(const Json& shown, const Json& golden) {
  Json groups = Json::array();
  for (const Json& group : golden["shared_storage"]) {
    Json names = Json::array();
    for (const Json& i : group) names.push_back(golden_name(golden["tensors"][i.get<std::size_t>()]));
    groups.push_back(names);
  }
  EXPECT_EQ(shown["shared"], groups);
}

/// Bytes of each storage that strided tensors reach, found by going to each of their elements.
std::uint64_t bytes_reached(const Json& tensors, const Json& golden) {
  std::map<std::uint64_t, std::vector<bool>> reached;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Json& t = tensors[i];
    const std::uint64_t numel = t["numel"];
    if (t["storage"].is_null() || numel == 0) continue;
    auto& bytes = reached[t["storage"]];
    if (golden[i]["layout"] == "strided") bytes.resize(golden[i]["storage_nbytes"]);
    const std::uint64_t itemsize = t["bytes"].get<std::uint64_t>() / numel;
    const std::vector<std::uint64_t> shape = t["shape"], stride = t["stride"];
    for (std::uint64_t e = 0; e < numel; ++e) {
      std::uint64_t at = t["offset"], rest = e;
      for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d]) at += rest % shape[d] * stride[d];
      if (bytes.size() < (at + 1) * itemsize) bytes.resize((at + 1) * itemsize);
      for (std::uint64_t b = 0; b < itemsize; ++b) bytes[at * itemsize + b] = true;
    }
  }
  std::uint64_t sum = 0;
  for (const auto& [id, bytes] : reached) sum += static_cast<std::uint64_t>(std::ranges::count(bytes, true));
  for (const Json& t : tensors) sum += t["storage"].is_null() ? t["bytes"].get<std::uint64_t>() : 0;
  return sum;
}

void expect_totals(const Json& shown, const Json& golden) {
  const Json& totals = shown["totals"];
  EXPECT_EQ(keys_of(totals), (Keys{"tensors", "parameters", "parameters_unique", "bytes", "bytes_unique"}));
  std::uint64_t parameters = 0, bytes = 0;
  for (const Json& t : shown["tensors"]) {
    parameters += t["numel"].get<std::uint64_t>();
    bytes += t["bytes"].get<std::uint64_t>();
  }
  EXPECT_EQ(totals["tensors"], golden["tensors"].size());
  EXPECT_EQ(totals["parameters"], parameters);
  EXPECT_EQ(totals["bytes"], bytes);
  EXPECT_EQ(totals["bytes_unique"], bytes_reached(shown["tensors"], golden["tensors"]));
  EXPECT_LE(totals["parameters_unique"], parameters);
  EXPECT_EQ(totals["parameters_unique"] == parameters, totals["bytes_unique"] == bytes);
}

TEST(ShowTensors, AreWhatPyTorchSaved) {
  std::size_t files = 0, tensors = 0;
  for (const GoldenCheckpoint& c : golden_checkpoints()) {
    if (!c.content) continue;
    SCOPED_TRACE(c.name);
    const Json shown = shown_json({c.path, "--hash"});
    const Json& golden = *c.content;
    ASSERT_EQ(keys_of(shown), (Keys{"file", "format", "tensors", "storages", "shared", "data", "totals"}));
    EXPECT_EQ(shown["file"], c.path);
    EXPECT_EQ(shown["format"], c.format);
    ASSERT_EQ(shown["tensors"].size(), golden["tensors"].size());
    for (std::size_t i = 0; i < golden["tensors"].size(); ++i, ++tensors)
      expect_tensor(shown["tensors"][i], golden["tensors"][i]);
    expect_storages(shown, golden["tensors"]);
    expect_shared(shown, golden);
    expect_totals(shown, golden);
    ++files;
  }
  std::cout << "[ cases ] " << files << " files with " << tensors
            << " tensors of checkpoints/zip, checkpoints/legacy and real\n";
  EXPECT_GT(files, 60u);
  EXPECT_GT(tensors, 700u);
}

TEST(ShowTensors, OfAModuleThatWasPickledWholeAreItsStateDict) {
  std::size_t files = 0;
  for (const GoldenCheckpoint& c : golden_checkpoints()) {
    if (!c.module) continue;
    SCOPED_TRACE(c.path);
    std::map<std::string, Json> shown;
    const Json all = shown_json({c.path, "--hash"});
    for (const Json& t : all["tensors"]) shown[t["name"]] = t;
    for (const Json& golden : (*c.module)["tensors"]) {
      const Json& t = shown[golden["name"]];
      EXPECT_EQ(t["dtype"], golden["dtype"]);
      EXPECT_EQ(t["shape"], golden["shape"]);
      EXPECT_EQ(t["sha256"], golden["sha256"]);
    }
    ++files;
  }
  std::cout << "[ cases ] " << files << " modules\n";
  EXPECT_GT(files, 0u);
}

TEST(ShowTensors, HashesAreThereOnlyWhenAskedFor) {
  const std::string file = data_path("checkpoints/zip/mlp.pth");
  const Json with = shown_json({file, "--hash"});
  Json without = shown_json({file});
  ASSERT_EQ(with["tensors"].size(), without["tensors"].size());
  for (std::size_t i = 0; i < with["tensors"].size(); ++i) {
    EXPECT_FALSE(without["tensors"][i].contains("sha256"));
    without["tensors"][i]["sha256"] = with["tensors"][i]["sha256"];
  }
  EXPECT_EQ(with, without);
}

TEST(ShowTensors, ConjugateAndNegatedViewsAreMarked) {
  const Json shown = shown_json({data_path("checkpoints/zip/views.pth")});
  std::map<std::string, std::pair<bool, bool>> flags;
  for (const Json& t : shown["tensors"]) flags[t["name"]] = {t.contains("conj"), t.contains("neg")};
  EXPECT_EQ(flags.at("conj"), std::pair(true, false));
  EXPECT_EQ(flags.at("imag"), std::pair(false, true));
  EXPECT_EQ(flags.at("base"), std::pair(false, false));
}

TEST(ShowTensors, FileIsNamedAsItWasGiven) {
  const std::string folder = data_path("checkpoints/zip");
  const Outcome outcome = ballast_command({"show", "../zip/mlp.pth", "--json"}, folder);
  EXPECT_EQ(Json::parse(outcome.out)["file"], "../zip/mlp.pth");
}

TEST(ShowTensors, AFilterLeavesWhatBelongsToTheTensorsThatPass) {
  const Json shown = shown_json({data_path("checkpoints/zip/shared_storage.pth"), "--filter", "[ac].*"});
  ASSERT_EQ(shown["tensors"].size(), 2u);
  EXPECT_EQ(shown["filter"], "[ac].*");
  EXPECT_EQ(shown["shared"], Json::parse(R"([["a.weight", "c.part"]])"));
  EXPECT_EQ(shown["storages"], Json::parse(R"([{"id": 0, "bytes": 24}])"));
  EXPECT_EQ(shown["totals"].dump(),
            R"({"tensors":2,"parameters":9,"parameters_unique":6,"bytes":36,"bytes_unique":24})");
  EXPECT_EQ(shown["data"].size(), 8u) << "the tree is the file's, whatever is listed";
}

}  // namespace
}  // namespace ballast::testing
